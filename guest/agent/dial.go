package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// The proxy that every tool finds in its environment. What is asked of it is read by the host alone;
// here the bytes are carried, so there is no second opinion on where they go.
const (
	proxyAddress    = "127.0.0.1:3128"
	guestStreamBit  = 1 << 31 // marks the streams that this side opens
	protocolStreams = 2       // the first protocol in which it may
	dialsMax        = 48      // the host ends a machine with more than 64 streams
	openPause       = 10 * time.Millisecond
)

// guestStream is one request to the host: data both ways under credit, then the host's end or error.
type guestStream struct {
	*stream
	failed *failure // of the host's error, once there is nothing more to receive
}

// guestStreams are those of one session.
type guestStreams struct {
	mutex sync.Mutex
	open  map[uint32]*guestStream
	last  uint32
	ready bool

	opener  sync.Mutex // held while a stream is opened, so that they come in order and not too fast
	opening time.Time
}

var currentSession atomic.Value // *session

// agreed is called once the host has said which protocol is spoken.
func (g *guestStreams) agreed(s *session, protocol int) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.open = map[uint32]*guestStream{}
	g.ready = protocol >= protocolStreams
	currentSession.Store(s)
}

// dialHost opens a stream of the current session.
func dialHost(request interface{}) (*guestStream, *failure) {
	s, _ := currentSession.Load().(*session)
	if s == nil {
		return nil, fail("not_available", "no host is connected")
	}
	text, err := json.Marshal(request)
	if err != nil || len(text) > controlMax {
		return nil, fail("bad_request", "a request of %d bytes, at most %d are sent", len(text), controlMax)
	}
	g := &s.guest
	g.opener.Lock()
	defer g.opener.Unlock()
	if wait := time.Until(g.opening.Add(openPause)); wait > 0 {
		time.Sleep(wait) // the host ends a machine that opens too many in a second
	}
	g.opening = time.Now()
	g.mutex.Lock()
	ready := g.ready
	g.last++
	id := g.last | guestStreamBit
	st := &guestStream{stream: newStream(id, s)}
	if ready {
		g.open[id] = st
	}
	g.mutex.Unlock()
	if !ready {
		return nil, fail("not_available", "this host answers no requests of its guests")
	}
	s.send(frame{id, typeOpen, 0, text})
	return st, nil
}

// accept takes a frame of the host for a stream that this side has opened.
func (g *guestStreams) accept(f frame) error {
	g.mutex.Lock()
	st, known := g.open[f.stream]
	last := g.last
	if known && (f.kind == typeEnd || f.kind == typeError) {
		delete(g.open, f.stream)
	}
	g.mutex.Unlock()
	if !known {
		if f.stream&^guestStreamBit <= last && f.kind == typeCredit {
			return nil // it was on its way while the stream ended
		}
		return fmt.Errorf("unknown stream %d", f.stream)
	}
	switch f.kind {
	case typeEnd:
	case typeError:
		st.failed = &failure{}
		if err := strict(f.body, st.failed); err != nil {
			return err
		}
	case typeData, typeCredit:
		return st.stream.accept(f)
	default:
		return fmt.Errorf("type %d on stream %d", f.kind, f.stream)
	}
	return st.stream.accept(frame{stream: f.stream, kind: typeFinish})
}

func (g *guestStreams) close() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.ready = false
	for _, st := range g.open {
		st.cancel()
	}
}

// giveUp tells the host that nobody waits any more and takes what still comes.
func (s *guestStream) giveUp() {
	s.session.send(frame{s.id, typeCancel, 0, nil})
	for {
		if _, err := s.receive(); err != nil {
			return
		}
	}
}

// serveProxy listens for tools for as long as the machine runs.
func serveProxy() {
	listener, err := net.Listen("tcp4", proxyAddress)
	if err != nil {
		log("no proxy: %v", err)
		return
	}
	slots := make(chan struct{}, dialsMax)
	for {
		slots <- struct{}{} // who comes beyond it waits in the listener's queue
		conn, err := listener.Accept()
		if err != nil {
			log("proxy: %v", err)
			time.Sleep(100 * time.Millisecond)
			<-slots
			continue
		}
		go func() {
			defer func() { <-slots }()
			defer conn.Close()
			proxy(conn.(*net.TCPConn))
		}()
	}
}

type dialRequest struct {
	Op  string `json:"op"`
	UID int    `json:"uid"`
}

func proxy(conn *net.TCPConn) {
	st, failed := dialHost(dialRequest{"dial", ownerOf(conn.RemoteAddr().(*net.TCPAddr).Port)})
	if failed != nil {
		body := "choir: " + failed.Message + " (" + failed.Code + ")\n"
		fmt.Fprintf(conn, "HTTP/1.1 503 Refused by choir: %s\r\nX-Choir-Reason: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
			failed.Message, failed.Code, len(body), body)
		return
	}
	go func() {
		buffer := make([]byte, chunkBytes)
		for {
			n, err := conn.Read(buffer)
			if n > 0 && st.send(channelMain, buffer[:n]) != nil {
				return
			}
			if err == io.EOF {
				st.session.send(frame{st.id, typeFinish, 0, nil})
				return
			}
			if err != nil {
				return // the writer finds out too
			}
		}
	}()
	for {
		data, err := st.receive()
		if err != nil {
			break
		}
		if _, err := conn.Write(data); err != nil {
			st.giveUp()
			break
		}
	}
	st.cancel()
}

// ownerOf finds the user whose socket on the loopback has this port; -1 if nobody knows. The host
// takes it for a hint.
func ownerOf(port int) int {
	table, err := os.Open("/proc/net/tcp")
	if err != nil {
		return -1
	}
	defer table.Close()
	want := fmt.Sprintf("0100007F:%04X", port)
	for lines := bufio.NewScanner(table); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 7 && fields[1] == want {
			if uid, err := strconv.Atoi(fields[7]); err == nil {
				return uid
			}
		}
	}
	return -1
}

// peer is the user at the other end of a Unix socket.
func peer(conn *net.UnixConn) int {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1
	}
	uid := -1
	raw.Control(func(fd uintptr) {
		if who, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil {
			uid = int(who.Uid)
		}
	})
	return uid
}

// lengthPrefix is how messages on the command's socket are framed.
func lengthPrefix(n int) []byte {
	var head [4]byte
	binary.BigEndian.PutUint32(head[:], uint32(n))
	return head[:]
}
