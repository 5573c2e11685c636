package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

var errCancelled = errors.New("cancelled by the host")

// stream is one request of the host: data both ways under credit, then one end or error.
type stream struct {
	id      uint32
	session *session
	done    chan struct{} // closed when cancelled

	mutex     sync.Mutex
	changed   *sync.Cond
	inbox     [][]byte
	inBytes   int // received and not yet taken: never more than the credit given
	finished  bool
	cancelled bool
	credit    int
}

func newStream(id uint32, s *session) *stream {
	st := &stream{id: id, session: s, credit: creditStart, done: make(chan struct{})}
	st.changed = sync.NewCond(&st.mutex)
	return st
}

func (s *stream) cancel() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.cancelled {
		s.cancelled = true
		close(s.done)
		s.changed.Broadcast()
	}
}

// receive returns the next bytes of the host, or io.EOF after the last.
func (s *stream) receive() ([]byte, error) {
	s.mutex.Lock()
	for len(s.inbox) == 0 && !s.finished && !s.cancelled {
		s.changed.Wait()
	}
	if s.cancelled {
		s.mutex.Unlock()
		return nil, errCancelled
	}
	if len(s.inbox) == 0 {
		s.mutex.Unlock()
		return nil, io.EOF
	}
	data := s.inbox[0]
	s.inbox = s.inbox[1:]
	s.inBytes -= len(data)
	s.mutex.Unlock()
	var grant [4]byte
	binary.BigEndian.PutUint32(grant[:], uint32(len(data)))
	s.session.send(frame{s.id, typeCredit, 0, grant[:]})
	return data, nil
}

// send delivers bytes as fast as the host takes them.
func (s *stream) send(channel byte, data []byte) error {
	for len(data) > 0 {
		s.mutex.Lock()
		for s.credit == 0 && !s.cancelled {
			s.changed.Wait()
		}
		if s.cancelled {
			s.mutex.Unlock()
			return errCancelled
		}
		n := len(data)
		if n > chunkBytes {
			n = chunkBytes
		}
		if n > s.credit {
			n = s.credit
		}
		s.credit -= n
		s.mutex.Unlock()
		s.session.send(frame{s.id, typeData, channel, append([]byte{}, data[:n]...)})
		data = data[n:]
	}
	return nil
}

// accept takes a frame of the host for this stream.
func (s *stream) accept(f frame) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch f.kind {
	case typeData:
		if s.finished {
			return fmt.Errorf("data after the end of stream %d", s.id)
		}
		if len(f.body) == 0 {
			return nil
		}
		if s.inBytes += len(f.body); s.inBytes > creditStart {
			return fmt.Errorf("stream %d sent more than its credit", s.id)
		}
		s.inbox = append(s.inbox, f.body)
	case typeCredit:
		if len(f.body) != 4 {
			return fmt.Errorf("a credit of %d bytes", len(f.body))
		}
		grant := binary.BigEndian.Uint32(f.body)
		if grant > creditMax || s.credit+int(grant) > creditMax {
			return fmt.Errorf("too much credit for stream %d", s.id)
		}
		s.credit += int(grant)
	case typeFinish:
		s.finished = true
	default:
		return fmt.Errorf("type %d on stream %d", f.kind, s.id)
	}
	s.changed.Broadcast()
	return nil
}

// session is the life of one host connection.
type session struct {
	out    chan outgoing
	closed chan struct{}
	token  func(hexadecimal string) // takes the mark by which the next host begins

	mutex   sync.Mutex
	streams map[uint32]*stream
	last    uint32

	guest guestStreams // those that this side opens
}

type outgoing struct {
	session *session
	bytes   []byte
}

func newSession(out chan outgoing) *session {
	return &session{out: out, closed: make(chan struct{}), token: func(string) {}, streams: map[uint32]*stream{}}
}

func (s *session) send(f frame) { s.raw(f.encode()) }

func (s *session) raw(bytes []byte) {
	select {
	case s.out <- outgoing{s, bytes}:
	case <-s.closed:
	}
}

func (s *session) control(id uint32, kind byte, body interface{}) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // only structs of this program are written
	}
	s.send(frame{id, kind, 0, text})
}

// close ends everything the former host had asked for.
func (s *session) close() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	close(s.closed)
	s.guest.close()
	for _, st := range s.streams {
		st.cancel()
	}
}

// dispatch handles a frame of the host; an error means the two no longer understand each other.
func (s *session) dispatch(f frame) error {
	if f.stream&guestStreamBit != 0 {
		return s.guest.accept(f)
	}
	switch f.kind {
	case typeHello, typeWelcome, typePing, typePong, typeShutdown, typeError,
		typePrepare, typeWake, typeRestored:
		if f.stream != 0 {
			return fmt.Errorf("type %d on stream %d", f.kind, f.stream)
		}
		return s.control0(f)
	case typeOpen:
		return s.open(f)
	case typeData, typeCredit, typeFinish, typeCancel:
		s.mutex.Lock()
		st, known := s.streams[f.stream]
		ended := f.stream <= s.last
		s.mutex.Unlock()
		if !known {
			if ended && f.stream != 0 {
				return nil // it ended here while the host was still sending
			}
			return fmt.Errorf("unknown stream %d", f.stream)
		}
		if f.kind == typeCancel {
			st.cancel()
			return nil
		}
		return st.accept(f)
	default:
		if f.flags&flagOptional != 0 {
			return nil
		}
		return fmt.Errorf("unknown frame type %d", f.kind)
	}
}

func (s *session) control0(f frame) error {
	switch f.kind {
	case typeWelcome:
		var welcome struct {
			Protocol   int   `json:"protocol"`
			TimeMillis int64 `json:"timeMillis"`
		}
		if err := strict(f.body, &welcome); err != nil {
			return err
		}
		if welcome.Protocol < protocolMin || welcome.Protocol > protocolMax {
			return fmt.Errorf("protocol %d is not spoken here", welcome.Protocol)
		}
		stepClock(welcome.TimeMillis)
		s.guest.agreed(s, welcome.Protocol)
	case typePing:
		var ping struct {
			Nonce int64 `json:"nonce"`
		}
		if err := strict(f.body, &ping); err != nil {
			return err
		}
		go s.control(0, typePong, ping)
	case typeShutdown:
		go powerOff()
	case typePrepare:
		if err := strict(f.body, &struct{}{}); err != nil {
			return err
		}
		s.control(0, typePrepared, prepare())
	case typeWake:
		if isSuspended() {
			wake()
		}
	case typeRestored:
		var order restored
		if err := strict(f.body, &order); err != nil {
			return err
		}
		answer := restore(order)
		if answer.Problem == "" {
			s.token(answer.Token)
		}
		s.control(0, typeAck, answer)
	case typeError:
		log("the host reports: %s", f.body)
	default:
		return fmt.Errorf("type %d from the host", f.kind)
	}
	return nil
}

func (s *session) open(f frame) error {
	var head struct {
		Op string `json:"op"`
	}
	if len(f.body) > controlMax {
		return fmt.Errorf("a control body of %d bytes", len(f.body))
	}
	if err := json.Unmarshal(f.body, &head); err != nil {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if f.stream <= s.last {
		return fmt.Errorf("stream %d after stream %d", f.stream, s.last)
	}
	s.last = f.stream
	if len(s.streams) >= streamsMax {
		go s.control(f.stream, typeError, fail("too_many_streams", "%d requests are open", streamsMax))
		return nil
	}
	if isSuspended() {
		go s.control(f.stream, typeError, fail("vm_suspended", "this machine is being suspended"))
		return nil
	}
	st := newStream(f.stream, s)
	s.streams[f.stream] = st
	go func() {
		result, failed := perform(head.Op, f.body, st)
		s.mutex.Lock()
		delete(s.streams, st.id)
		s.mutex.Unlock()
		st.cancel()
		if failed != nil {
			s.control(st.id, typeError, failed)
		} else {
			s.control(st.id, typeEnd, result)
		}
	}()
	return nil
}

// perform runs one request to its end.
func perform(op string, body []byte, st *stream) (result interface{}, failed *failure) {
	defer func() {
		// A defect in one request must not end the machine.
		if problem := recover(); problem != nil {
			log("request %s: %v", op, problem)
			failed = fail("agent_error", "%v", problem)
		}
	}()
	if !permitted(role, op) {
		return nil, notOfItsRole(op)
	}
	if strings.HasPrefix(op, "volume.") {
		return volumeRequest(op, body, st)
	}
	switch op {
	case "key.make", "sign":
		if failed := usableVolume(); failed != nil {
			return nil, failed
		}
		return keep(body, st)
	case "key.public":
		return publicKey(body)
	case "exec":
		return runExec(body, st)
	case "attach":
		return attachExec(body, st)
	case "signal":
		return signalExec(body)
	case "resize":
		return resizeExec(body)
	case "execs":
		return listExecs(body, st)
	case "read":
		return readFile(body, st)
	case "append":
		return appendFile(body, st)
	case "write":
		return writeFile(body, st)
	case "list":
		return listFiles(body, st)
	case "stat":
		return statFile(body)
	case "delete":
		return deleteFile(body)
	case "mkdir":
		return makeDirectory(body)
	default:
		return nil, fail("bad_request", "unknown operation %q", op)
	}
}
