package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	drainTime   = 200 * time.Millisecond // for output after the command's own process has ended
	killAfter   = 2 * time.Second        // from TERM to KILL
	toolUIDMin  = 1000
	toolUIDMax  = 65000
	timeoutsMax = 24 * time.Hour
	tailMax     = 1 << 20
	memoryMin   = 16 << 20              // less would not even start a command
	cpuPoll     = 50 * time.Millisecond // how exact a limit on processor time is
)

type execRequest struct {
	Op            string            `json:"op"`
	ID            string            `json:"id"`
	Argv          []string          `json:"argv"`
	Env           map[string]string `json:"env"`
	Cwd           string            `json:"cwd"`
	UID           int               `json:"uid"`
	TimeoutMillis int64             `json:"timeoutMillis"`
	CPUMillis     int64             `json:"cpuMillis"`   // processor time of all its processes; 0: no limit
	MemoryBytes   int64             `json:"memoryBytes"` // of all its processes; 0: the machine's
	OutputCap     int64             `json:"outputCap"`
	TailBytes     int64             `json:"tailBytes"`
	Input         bool              `json:"input"`
	KeepMillis    int64             `json:"keepMillis"` // after its end; 0: it ends with its connection
	Terminal      *terminalSize     `json:"terminal"`
}

type execResult struct {
	ExitCode    int         `json:"exitCode"`
	Signal      int         `json:"signal"`
	TimedOut    bool        `json:"timedOut"`
	OomKilled   bool        `json:"oomKilled"`
	CPUExceeded bool        `json:"cpuExceeded"`
	StdoutBytes int64       `json:"stdoutBytes"`
	StderrBytes int64       `json:"stderrBytes"`
	StdoutFile  *outputFile `json:"stdoutFile,omitempty"`
	StderrFile  *outputFile `json:"stderrFile,omitempty"`
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
	if r.OutputCap < 0 || r.TailBytes < 0 || r.TailBytes > tailMax {
		return fail("bad_request", "an output cap of %d and a tail of %d bytes", r.OutputCap, r.TailBytes)
	}
	if r.CPUMillis < 0 || r.MemoryBytes < 0 || r.MemoryBytes > 0 && r.MemoryBytes < memoryMin {
		return fail("bad_request", "a limit of %d ms and %d bytes", r.CPUMillis, r.MemoryBytes)
	}
	if r.KeepMillis < 0 || r.KeepMillis > keepMax.Milliseconds() {
		return fail("bad_request", "a result kept for %d ms", r.KeepMillis)
	}
	if !plainID(r.ID) {
		return fail("bad_request", "not an id of a command: %q", r.ID)
	}
	if r.Terminal != nil && !r.Terminal.possible() {
		return fail("bad_request", "a terminal of %d columns and %d rows", r.Terminal.Columns, r.Terminal.Rows)
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

// plainID is a file name without surprises.
func plainID(id string) bool {
	if id == "" || len(id) > 40 {
		return false
	}
	for _, c := range id {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// runExec runs a command in a control group of its own and follows it to its end, which is that of
// the command's own process, whoever still holds its pipes. What it left running is killed.
func runExec(body []byte, st *stream) (interface{}, *failure) {
	request := &execRequest{}
	if err := strict(body, request); err != nil {
		return nil, fail("bad_request", "exec: %v", err)
	}
	if failed := request.check(); failed != nil {
		return nil, failed
	}
	e := newExecution(request)
	if failed := executions.add(e); failed != nil {
		return nil, failed
	}
	if failed := e.start(); failed != nil {
		executions.forget(e)
		return nil, failed
	}
	go e.supervise()
	st.session.control(st.id, typeNote, note{Kind: "started", LeftMillis: request.TimeoutMillis})
	go e.feed(st)
	return e.follow(st, &follower{left: request.OutputCap, live: true}, request.TailBytes)
}

// start makes the command's group and its process.
func (e *execution) start() *failure {
	group := tools + "/exec-" + e.id
	if err := os.Mkdir(group, 0o755); err != nil {
		return fail("agent_error", "%v", err)
	}
	put(group+"/pids.max", "400")
	if e.request.MemoryBytes > 0 {
		if err := os.WriteFile(group+"/memory.max", []byte(fmt.Sprint(e.request.MemoryBytes)), 0); err != nil {
			os.Remove(group)
			return fail("unsupported", "this guest cannot limit memory: %v", err)
		}
		put(group+"/memory.oom.group", "1")
	}
	os.RemoveAll(merged + spillHome + "/" + e.id)
	command, failed := startCommand(e.request, group)
	if failed != nil {
		killGroup(group)
		os.Remove(group)
		return failed
	}
	// What the stub has used is not the command's.
	e.cpuBefore = counter(group+"/cpu.stat", "usage_usec")
	e.mutex.Lock()
	e.group, e.command, e.input = group, command, command.stdin
	e.mutex.Unlock()
	return nil
}

// supervise waits for the command's end, forces it if need be, and records it.
func (e *execution) supervise() {
	var readers sync.WaitGroup
	readers.Add(1)
	go e.copy(e.command.stdout, channelStdout, &readers)
	if e.command.stderr != nil {
		readers.Add(1)
		go e.copy(e.command.stderr, channelStderr, &readers)
	}
	drained := make(chan struct{})
	go func() {
		readers.Wait()
		close(drained)
	}()
	result := execResult{ExitCode: -1}
	status := e.await(&result)
	e.mutex.Lock()
	// What a pipe still holds fits into the spool, so a slow follower loses nothing by this.
	e.draining = true
	e.changed.Broadcast()
	e.mutex.Unlock()
	select {
	case <-drained:
	case <-time.After(drainTime):
	}
	killGroup(e.group)
	result.OomKilled = counter(e.group+"/memory.events", "oom_kill") > 0
	// Nobody is left to write, so the pipes end; the deadline is for a process the kernel cannot kill.
	deadline := time.Now().Add(10 * time.Second)
	e.command.stdout.SetReadDeadline(deadline)
	if e.command.stderr != nil {
		e.command.stderr.SetReadDeadline(deadline)
	}
	<-drained
	if status.Signaled() {
		result.Signal = int(status.Signal())
	} else {
		result.ExitCode = status.ExitStatus()
	}
	os.Remove(e.group)
	e.finish(result)
	e.endInput()
	e.command.close()
}

// await waits for the command's process: to its own end, or to its forced one.
func (e *execution) await(result *execResult) syscall.WaitStatus {
	timeout := time.NewTimer(time.Until(e.started.Add(time.Duration(e.request.TimeoutMillis) * time.Millisecond)))
	defer timeout.Stop()
	var poll <-chan time.Time
	if e.request.CPUMillis > 0 {
		ticker := time.NewTicker(cpuPoll)
		defer ticker.Stop()
		poll = ticker.C
	}
waiting:
	for {
		select {
		case status := <-e.command.exit:
			return status
		case <-e.killed:
			killGroup(e.group)
			return <-e.command.exit
		case <-timeout.C:
			result.TimedOut = true
			break waiting
		case <-poll:
			if counter(e.group+"/cpu.stat", "usage_usec")-e.cpuBefore >= e.request.CPUMillis*1000 {
				result.CPUExceeded = true
				break waiting
			}
		}
	}
	signalGroup(e.group, syscall.SIGTERM)
	select {
	case status := <-e.command.exit:
		return status
	case <-e.killed:
	case <-time.After(killAfter):
	}
	killGroup(e.group)
	return <-e.command.exit
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
