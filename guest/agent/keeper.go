package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	keeperName      = "choir-keeper"
	keeperTime      = 50 * time.Second
	secretBytes     = 64       // of a volume
	messageMax      = 64 << 10 // to be signed
	sealedMax       = messageMax + 1024
	keeperAnswerMax = 32 << 10
	prSetDump       = 4
	mclEverOnUse    = 1 | 2 | 4 // MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT
)

// A keeper is a process that lives for one request with a secret in it: it opens the host's box,
// does the work and ends, and the kernel wipes every page it used (init_on_free=1). The agent itself
// never holds a secret.

// keeperMutex lets one keeper work at a time: what they change is one volume.
var keeperMutex sync.Mutex

// keep performs a request in a keeper: its public key goes to the host, the host's box to it, and
// its answer is the request's.
func keep(body []byte, st *stream) (interface{}, *failure) {
	keeperMutex.Lock()
	defer keeperMutex.Unlock()
	var in, out [2]int
	if err := syscall.Pipe2(in[:], syscall.O_CLOEXEC); err != nil {
		return nil, fail("agent_error", "pipe: %v", err)
	}
	if err := syscall.Pipe2(out[:], syscall.O_CLOEXEC); err != nil {
		closeAll(in[:])
		return nil, fail("agent_error", "pipe: %v", err)
	}
	pid, exit, err := startKeeper(in[0], out[1])
	closeAll([]int{in[0], out[1]})
	to, from := os.NewFile(uintptr(in[1]), "keeper"), pollable(out[0])
	defer to.Close()
	defer from.Close()
	if err != nil {
		return nil, fail("agent_error", "start of the keeper: %v", err)
	}
	from.SetReadDeadline(time.Now().Add(keeperTime))
	result, failed := converse(body, st, to, from)
	to.Close()
	if failed != nil {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	<-exit
	return result, failed
}

func startKeeper(in, out int) (int, <-chan syscall.WaitStatus, error) {
	null, err := syscall.Open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, nil, err
	}
	defer syscall.Close(null)
	files := []uintptr{uintptr(null), uintptr(null), uintptr(null), uintptr(in), uintptr(out)}
	return start("/init", []string{keeperName}, &syscall.ProcAttr{
		Env:   []string{"GOMAXPROCS=1", "GOGC=off", "KEEPER_ROLE=" + role},
		Files: files,
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
}

func converse(body []byte, st *stream, to io.Writer, from io.Reader) (interface{}, *failure) {
	if err := writePart(to, body); err != nil {
		return nil, fail("agent_error", "the keeper: %v", err)
	}
	public := make([]byte, pointBytes)
	if _, err := io.ReadFull(from, public); err != nil {
		return nil, fail("agent_error", "the keeper: %v", err)
	}
	if err := st.send(channelMain, public); err != nil {
		return nil, fail("cancelled", "%v", err)
	}
	var sealed []byte
	for {
		data, err := st.receive()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fail("cancelled", "%v", err)
		}
		if sealed = append(sealed, data...); len(sealed) > sealedMax {
			return nil, fail("bad_request", "a box of more than %d bytes", sealedMax)
		}
	}
	if err := writePart(to, sealed); err != nil {
		return nil, fail("agent_error", "the keeper: %v", err)
	}
	text, err := io.ReadAll(io.LimitReader(from, keeperAnswerMax))
	if err != nil {
		return nil, fail("agent_error", "the keeper: %v", err)
	}
	var answer keeperAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fail("agent_error", "the keeper ended without an answer")
	}
	if answer.Failure != nil {
		return nil, answer.Failure
	}
	return answer.Result, nil
}

type keeperAnswer struct {
	Result  json.RawMessage `json:"result,omitempty"`
	Failure *failure        `json:"failure,omitempty"`
}

func writePart(to io.Writer, part []byte) error {
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(part)))
	if _, err := to.Write(append(length[:], part...)); err != nil {
		return err
	}
	return nil
}

func readPart(from io.Reader, limit uint32) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > limit {
		return nil, fmt.Errorf("a part of %d bytes", n)
	}
	part := make([]byte, n)
	_, err := io.ReadFull(from, part)
	return part, err
}

// runKeeper is the keeper's whole life.
func runKeeper() {
	undumpable()
	syscall.CloseOnExec(3)
	syscall.CloseOnExec(4)
	role = os.Getenv("KEEPER_ROLE")
	go reap() // it runs programs of its own
	in, out := os.NewFile(3, "request"), os.NewFile(4, "answer")
	result, failed := keeperWork(in, out)
	var answer keeperAnswer
	if failed != nil {
		answer.Failure = failed
	} else {
		answer.Result, _ = json.Marshal(result) // only structs of this program
	}
	json.NewEncoder(out).Encode(answer) // an agent that does not listen has given up
	os.Exit(0)
}

// undumpable keeps a process out of core files and away from debuggers.
func undumpable() {
	syscall.RawSyscall(syscall.SYS_PRCTL, prSetDump, 0, 0)
	syscall.RawSyscall(syscall.SYS_MLOCKALL, mclEverOnUse, 0, 0)
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}

func keeperWork(in io.Reader, out io.Writer) (interface{}, *failure) {
	body, err := readPart(in, controlMax)
	if err != nil {
		return nil, fail("agent_error", "request: %v", err)
	}
	var head struct {
		Op string `json:"op"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		return nil, fail("bad_request", "%v", err)
	}
	receiver, err := newBox()
	if err != nil {
		return nil, fail("agent_error", "%v", err)
	}
	if _, err := out.Write(receiver.public); err != nil {
		return nil, fail("agent_error", "%v", err)
	}
	sealed, err := readPart(in, sealedMax)
	if err != nil {
		return nil, fail("agent_error", "box: %v", err)
	}
	plain, err := receiver.open(sealed)
	if err != nil {
		return nil, fail("bad_request", "the box does not open: %v", err)
	}
	defer wipe(plain)
	if len(plain) < secretBytes {
		return nil, fail("bad_request", "a secret of %d bytes, not %d", len(plain), secretBytes)
	}
	secret, message := plain[:secretBytes], plain[secretBytes:]
	if !permitted(role, head.Op) {
		return nil, notOfItsRole(head.Op)
	}
	switch head.Op {
	case "volume.open":
		return openVolume(body, secret)
	case "volume.resume":
		return resumeVolume(body, secret)
	case "key.make":
		return makeKey(body, secret)
	case "sign":
		return sign(body, secret, message)
	default:
		return nil, fail("bad_request", "unknown operation %q", head.Op)
	}
}

func notOfItsRole(op string) *failure {
	return fail("role_refused", "a VM of the role %s does not do %q", role, op)
}
