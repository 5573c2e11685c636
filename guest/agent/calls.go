package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// The `choir` command of the guest talks to the agent over a socket that every tool may use; the
// agent passes the question on to the host and knows nothing of it.
const (
	callSocket  = "/run/choir.sock"
	commandPath = "/usr/local/bin/choir"
	callsMax    = 8
	answerMax   = 1 << 20
	callPause   = 30 * time.Second // for the command to write its question and read its answer
)

type callQuestion struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

type callAnswer struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  *failure        `json:"error,omitempty"`
}

type callRequest struct {
	Op        string          `json:"op"`
	UID       int             `json:"uid"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

// openDoors makes what lies outside the machine reachable for its tools, as far as the host lets
// them: the proxy and the command.
func openDoors() {
	go serveProxy()
	if err := placeCommand(); err != nil {
		log("no choir command: %v", err)
		return
	}
	listener, err := net.Listen("unix", merged+callSocket)
	if err == nil {
		err = os.Chmod(merged+callSocket, 0o666)
	}
	if err != nil {
		log("no socket for calls: %v", err)
		return
	}
	go serveCalls(listener.(*net.UnixListener))
}

// placeCommand shows this program to the tools as the choir command, and gives them a /run.
func placeCommand() error {
	if err := os.MkdirAll(merged+"/usr/local/bin", 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(merged+commandPath, os.O_CREATE, 0o755)
	if err != nil {
		return err
	}
	file.Close()
	if err := os.MkdirAll(merged+"/run", 0o755); err != nil {
		return err
	}
	quiet := uintptr(syscall.MS_NODEV | syscall.MS_NOSUID)
	return mounts(
		mount{"/init", merged + commandPath, "", syscall.MS_BIND, ""},
		mount{"", merged + commandPath, "", syscall.MS_BIND | syscall.MS_REMOUNT | syscall.MS_RDONLY | quiet, ""},
		mount{"tmpfs", merged + "/run", "tmpfs", quiet | syscall.MS_NOEXEC, "mode=755,size=64k,nr_inodes=64"},
	)
}

func serveCalls(listener *net.UnixListener) {
	slots := make(chan struct{}, callsMax)
	for {
		slots <- struct{}{}
		conn, err := listener.AcceptUnix()
		if err != nil {
			log("calls: %v", err)
			time.Sleep(100 * time.Millisecond)
			<-slots
			continue
		}
		go func() {
			defer func() { <-slots }()
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(callPause))
			var answer callAnswer
			question, err := readMessage(conn, controlMax)
			if err != nil {
				return // it went away
			}
			conn.SetDeadline(time.Time{})
			answer.Result, answer.Error = call(question, peer(conn))
			text, err := json.Marshal(answer)
			if err != nil {
				return
			}
			conn.SetDeadline(time.Now().Add(callPause))
			conn.Write(append(lengthPrefix(len(text)), text...))
		}()
	}
}

// call asks the host and waits for the whole answer; the host has the deadline.
func call(question []byte, uid int) (json.RawMessage, *failure) {
	var asked callQuestion
	if err := strict(question, &asked); err != nil {
		return nil, fail("bad_request", "not a question: %v", err)
	}
	st, failed := dialHost(callRequest{"call", uid, asked.Name, asked.Arguments})
	if failed != nil {
		return nil, failed
	}
	st.session.send(frame{st.id, typeFinish, 0, nil})
	var answer []byte
	for {
		data, err := st.receive()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fail("not_available", "the host went away")
		}
		if answer = append(answer, data...); len(answer) > answerMax {
			st.giveUp()
			return nil, fail("too_large", "an answer of more than %d bytes", answerMax)
		}
	}
	if st.failed != nil {
		return nil, st.failed
	}
	if !json.Valid(answer) {
		return nil, fail("agent_error", "the host's answer is no JSON")
	}
	return answer, nil
}

func readMessage(in io.Reader, max int) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > uint32(max) {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	body := make([]byte, n)
	_, err := io.ReadFull(in, body)
	return body, err
}
