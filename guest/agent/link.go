package main

import (
	"crypto/rand"
	"encoding/hex"
	"syscall"
	"time"
)

const portName = "choir.agent"

// hello is the first frame after every (re)connection.
type hello struct {
	Agent       string `json:"agent"`
	ProtocolMin int    `json:"protocolMin"`
	ProtocolMax int    `json:"protocolMax"`
	BootID      string `json:"bootId"`
	Generation  int    `json:"generation"`
	Token       string `json:"token"`
	Controllers string `json:"controllers"`
}

// serve speaks with the host until the machine ends.
func serve(fd int, controllers string) {
	token := make([]byte, tokenBytes)
	if _, err := rand.Read(token); err != nil {
		panic(err)
	}
	greeting := func() hello {
		return hello{agentVersion, protocolMin, protocolMax, bootID(), generation, hex.EncodeToString(token),
			controllers}
	}

	out := make(chan outgoing, 64)
	go func() {
		for item := range out {
			select {
			case <-item.session.closed:
				continue
			default:
				writeAll(fd, item.bytes)
			}
		}
	}()

	input := &decoder{token: token}
	session := func() *session {
		fresh := newSession(out)
		fresh.token = func(hexadecimal string) {
			if mark, err := hex.DecodeString(hexadecimal); err == nil {
				token, input.token = mark, mark
			}
		}
		return fresh
	}
	current := session()
	current.control(0, typeHello, greeting())
	onFrame := func(f frame) error { return current.dispatch(f) }
	onSync := func(nonce []byte) {
		current.close()
		current = session()
		current.raw(append(append([]byte{}, token...), nonce...))
		current.control(0, typeHello, greeting())
	}
	buffer := make([]byte, 64<<10)
	for {
		n, err := syscall.Read(fd, buffer)
		if err != nil || n <= 0 {
			// No host is connected: nothing wakes a reader then, so look again soon.
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if err := input.feed(buffer[:n], onFrame, onSync); err != nil {
			log("protocol: %v", err)
			go current.control(0, typeError, fail("protocol_error", "%v", err))
		}
	}
}

func writeAll(fd int, bytes []byte) {
	for len(bytes) > 0 {
		n, err := syscall.Write(fd, bytes)
		if err != nil || n <= 0 {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		bytes = bytes[n:]
	}
}
