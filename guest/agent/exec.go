package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	drainTime   = 200 * time.Millisecond // for output after the command's own process has ended
	killAfter   = 2 * time.Second        // from TERM to KILL
	toolUIDMin  = 1000
	toolUIDMax  = 65000
	timeoutsMax = 24 * time.Hour
)

type execRequest struct {
	Op            string            `json:"op"`
	Argv          []string          `json:"argv"`
	Env           map[string]string `json:"env"`
	Cwd           string            `json:"cwd"`
	UID           int               `json:"uid"`
	TimeoutMillis int64             `json:"timeoutMillis"`
	OutputCap     int64             `json:"outputCap"`
}

type execResult struct {
	ExitCode    int   `json:"exitCode"`
	Signal      int   `json:"signal"`
	TimedOut    bool  `json:"timedOut"`
	OomKilled   bool  `json:"oomKilled"`
	Truncated   bool  `json:"truncated"`
	StdoutBytes int64 `json:"stdoutBytes"`
	StderrBytes int64 `json:"stderrBytes"`
}

func (r *execRequest) check() *failure {
	if len(r.Argv) == 0 || r.Argv[0] == "" {
		return fail("bad_request", "a command without a program")
	}
	if r.UID < toolUIDMin || r.UID > toolUIDMax {
		return fail("permission_denied", "tools run as user %d to %d, not as %d", toolUIDMin, toolUIDMax, r.UID)
	}
	if failed := checkPath(r.Cwd); failed != nil {
		return failed
	}
	if r.TimeoutMillis <= 0 || r.TimeoutMillis > timeoutsMax.Milliseconds() {
		return fail("bad_request", "a timeout of %d ms", r.TimeoutMillis)
	}
	if r.OutputCap < 0 {
		return fail("bad_request", "an output cap of %d", r.OutputCap)
	}
	for _, word := range r.Argv {
		if strings.IndexByte(word, 0) >= 0 {
			return fail("bad_request", "an argument with a NUL")
		}
	}
	for name, value := range r.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.IndexByte(value, 0) >= 0 {
			return fail("bad_request", "not an environment variable: %q", name)
		}
	}
	return nil
}

var execNumber uint64

// runExec runs a command in a control group of its own and ends when the command's own process has
// ended, whoever still holds its pipes. What it left running is killed.
func runExec(body []byte, st *stream) (interface{}, *failure) {
	var request execRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "exec: %v", err)
	}
	if failed := request.check(); failed != nil {
		return nil, failed
	}
	group := fmt.Sprintf("%s/%d", tools, atomic.AddUint64(&execNumber, 1))
	if err := os.Mkdir(group, 0o755); err != nil {
		return nil, fail("agent_error", "%v", err)
	}
	defer os.Remove(group)
	put(group+"/pids.max", "400")

	started := time.Now()
	command, failed := startCommand(&request, group)
	if failed != nil {
		return nil, failed
	}
	output := &collector{stream: st, left: request.OutputCap}
	var readers sync.WaitGroup
	readers.Add(2)
	go output.copy(command.stdout, channelStdout, &output.stdout, &readers)
	go output.copy(command.stderr, channelStderr, &output.stderr, &readers)
	drained := make(chan struct{})
	go func() {
		readers.Wait()
		close(drained)
	}()

	status, timedOut := await(command.exit, st, group, started.Add(time.Duration(request.TimeoutMillis)*time.Millisecond))
	select {
	case <-drained:
	case <-time.After(drainTime):
	}
	oom := counter(group+"/memory.events", "oom_kill") > 0
	killGroup(group)
	// Nobody is left to write, so the pipes end; the deadline is for a process the kernel cannot kill.
	deadline := time.Now().Add(10 * time.Second)
	command.stdout.SetReadDeadline(deadline)
	command.stderr.SetReadDeadline(deadline)
	<-drained
	command.stdout.Close()
	command.stderr.Close()

	result := execResult{
		ExitCode: -1, TimedOut: timedOut, OomKilled: oom,
		StdoutBytes: output.stdout, StderrBytes: output.stderr, Truncated: output.truncated,
	}
	if status.Signaled() {
		result.Signal = int(status.Signal())
	} else {
		result.ExitCode = status.ExitStatus()
	}
	return result, nil
}

// await waits for the command's process: to its own end, or to its forced one.
func await(exit <-chan syscall.WaitStatus, st *stream, group string, deadline time.Time) (syscall.WaitStatus, bool) {
	timeout := time.NewTimer(time.Until(deadline))
	defer timeout.Stop()
	select {
	case status := <-exit:
		return status, false
	case <-st.done:
		killGroup(group)
		return <-exit, false
	case <-timeout.C:
	}
	signalGroup(group, syscall.SIGTERM)
	select {
	case status := <-exit:
		return status, true
	case <-st.done:
	case <-time.After(killAfter):
	}
	killGroup(group)
	return <-exit, true
}

type command struct {
	exit           <-chan syscall.WaitStatus
	stdout, stderr *os.File
}

// startCommand starts this program as a stub that enters the group, gives up every privilege and
// becomes the command; it reports on a pipe why it could not.
func startCommand(request *execRequest, group string) (*command, *failure) {
	spec, err := json.Marshal(stubSpec{request.Argv, request.Env, request.Cwd, request.UID, group})
	if err != nil {
		return nil, fail("bad_request", "%v", err)
	}
	var ends [4][2]int // stdout, stderr, spec, report
	var all []int
	for i := range ends {
		if err := syscall.Pipe2(ends[i][:], syscall.O_CLOEXEC); err != nil {
			closeAll(all)
			return nil, fail("agent_error", "pipe: %v", err)
		}
		all = append(all, ends[i][0], ends[i][1])
	}
	null, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		closeAll(all)
		return nil, fail("agent_error", "%v", err)
	}
	exit, err := start("/init", []string{stubName}, &syscall.ProcAttr{
		Env:   []string{"GOMAXPROCS=1", "GOGC=off"},
		Files: []uintptr{uintptr(null), uintptr(ends[0][1]), uintptr(ends[1][1]), uintptr(ends[2][0]), uintptr(ends[3][1])},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	closeAll([]int{null, ends[0][1], ends[1][1], ends[2][0], ends[3][1]})
	if err != nil {
		closeAll([]int{ends[0][0], ends[1][0], ends[2][1], ends[3][0]})
		return nil, fail("agent_error", "start: %v", err)
	}
	writer := os.NewFile(uintptr(ends[2][1]), "spec")
	writer.Write(spec) // a stub that cannot read it reports so
	writer.Close()
	report := os.NewFile(uintptr(ends[3][0]), "report")
	problem, _ := io.ReadAll(io.LimitReader(report, 4096))
	report.Close()
	if len(problem) > 0 {
		closeAll([]int{ends[0][0], ends[1][0]})
		<-exit
		if at := bytes.IndexByte(problem, 0); at > 0 {
			return nil, fail(string(problem[:at]), "%s", problem[at+1:])
		}
		return nil, fail("agent_error", "%s", problem)
	}
	return &command{exit, pollable(ends[0][0]), pollable(ends[1][0])}, nil
}

// pollable makes a pipe's end a file that honours deadlines.
func pollable(fd int) *os.File {
	syscall.SetNonblock(fd, true)
	return os.NewFile(uintptr(fd), "output")
}

func closeAll(fds []int) {
	for _, fd := range fds {
		syscall.Close(fd)
	}
}

// collector passes a command's output on, up to the cap of both streams together, and counts the
// rest so that a command is never stopped by a full pipe.
type collector struct {
	stream         *stream
	mutex          sync.Mutex
	left           int64
	truncated      bool
	stdout, stderr int64
}

func (c *collector) copy(from *os.File, channel byte, total *int64, readers *sync.WaitGroup) {
	defer readers.Done()
	buffer := make([]byte, chunkBytes)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			*total += int64(n)
			c.mutex.Lock()
			take := int64(n)
			if take > c.left {
				take = c.left
				c.truncated = true
			}
			c.left -= take
			c.mutex.Unlock()
			// A host that went away is no reason to stop reading.
			_ = c.stream.send(channel, buffer[:take])
		}
		if err != nil {
			return
		}
	}
}

func counter(path, name string) int64 {
	text, _ := os.ReadFile(path)
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == name {
			value, _ := strconv.ParseInt(fields[1], 10, 64)
			return value
		}
	}
	return 0
}

func signalGroup(group string, signal syscall.Signal) {
	text, _ := os.ReadFile(filepath.Join(group, "cgroup.procs"))
	for _, line := range strings.Fields(string(text)) {
		if pid, err := strconv.Atoi(line); err == nil && pid > 1 {
			syscall.Kill(pid, signal)
		}
	}
}

// killGroup kills every process of the group, those in sessions of their own too, and waits until
// they are gone.
func killGroup(group string) {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		if counter(group+"/cgroup.events", "populated") == 0 {
			return
		}
		put(group+"/cgroup.kill", "1")
		time.Sleep(2 * time.Millisecond)
	}
	log("%s does not end", group)
}
