package main

import (
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	windowBytes = 64 << 10 // how far a command may run ahead of who reads along
	segmentsMax = 4096     // how much of the order between the two streams is remembered
)

// segment says that a stream was written up to an offset; the sequence of them is the order in
// which the agent saw the two streams grow.
type segment struct {
	channel byte
	end     int64
}

// execution is one command. It does not belong to the connection it was started over: whoever knows
// its id can follow it from any offset, until it has ended and the time to keep it is over.
type execution struct {
	id      string
	request *execRequest
	group   string
	started time.Time
	// Processor time in microseconds that its group had used when it began.
	cpuBefore int64
	command   *command
	killed    chan struct{} // closed to end it at once

	mutex     sync.Mutex
	changed   *sync.Cond
	out       [3]*spool // by channel
	order     []segment
	orderBase int
	followers map[*follower]struct{}
	draining  bool // its own process has ended: nobody may hold its output back
	ended     bool
	endTime   time.Time
	result    execResult
	killing   bool
	input     *os.File
	inputSize int64
	released  bool
}

func newExecution(request *execRequest) *execution {
	e := &execution{
		id: request.ID, request: request, started: time.Now(), killed: make(chan struct{}), followers: map[*follower]struct{}{},
		out: [3]*spool{nil, {path: spillPath(request.ID, "stdout")}, {path: spillPath(request.ID, "stderr")}},
	}
	if request.KeepMillis == 0 && request.TailBytes == 0 {
		for _, s := range e.out[channelStdout:] {
			s.started, s.stopped = true, true // nobody will ask for what was not delivered
		}
	}
	e.changed = sync.NewCond(&e.mutex)
	return e
}

// copy moves a stream from the command's pipe to its spool, as fast as those who read along take it.
func (e *execution) copy(from *os.File, channel byte, readers *sync.WaitGroup) {
	defer readers.Done()
	buffer := make([]byte, chunkBytes)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			e.mutex.Lock()
			e.out[channel].append(buffer[:n])
			e.remember(channel)
			e.changed.Broadcast()
			for !e.draining && e.ahead(channel) {
				e.changed.Wait()
			}
			e.mutex.Unlock()
		}
		if err != nil {
			return
		}
	}
}

func (e *execution) remember(channel byte) {
	end := e.out[channel].total
	if last := len(e.order) - 1; last >= 0 && e.order[last].channel == channel {
		e.order[last].end = end
		return
	}
	if len(e.order) >= segmentsMax {
		e.order = append(e.order[:0], e.order[segmentsMax/2:]...)
		e.orderBase += segmentsMax / 2
	}
	e.order = append(e.order, segment{channel, end})
}

func (e *execution) ahead(channel byte) bool {
	for f := range e.followers {
		if f.live && f.left > 0 && e.out[channel].total-f.cursor[channel] > windowBytes {
			return true
		}
	}
	return false
}

// left is called when a follower has gone: a command that nobody may ask for again ends with it.
func (e *execution) left(f *follower) {
	delete(e.followers, f)
	e.changed.Broadcast()
	if len(e.followers) > 0 || e.request.KeepMillis > 0 {
		return
	}
	if e.ended {
		go executions.forget(e)
	} else {
		e.kill()
	}
}

// kill ends the command and all it started; the lock is held.
func (e *execution) kill() {
	if !e.killing {
		e.killing = true
		close(e.killed)
	}
}

// feed gives the command what the host sends as its standard input.
func (e *execution) feed(st *stream) {
	for {
		data, err := st.receive()
		if err == errCancelled {
			return
		}
		e.mutex.Lock()
		input := e.input
		e.mutex.Unlock()
		if input == nil {
			if err != nil {
				return
			}
			continue // nobody reads it any more; the host learns that from the command's end
		}
		if err != nil {
			e.endInput()
			return
		}
		if _, err := input.Write(data); err != nil {
			e.endInput()
			continue
		}
		e.mutex.Lock()
		e.inputSize += int64(len(data))
		e.mutex.Unlock()
	}
}

// endInput closes the pipe; a terminal, which also carries the output, is told the end in its way.
func (e *execution) endInput() {
	e.mutex.Lock()
	input, ended := e.input, e.ended
	e.input = nil
	e.mutex.Unlock()
	if input == nil {
		return
	}
	if e.command.terminal == nil {
		input.Close()
	} else if !ended {
		input.SetWriteDeadline(time.Now().Add(killAfter))
		input.Write([]byte{4}) // Ctrl-D
	}
}

// finish records how the command ended.
func (e *execution) finish(result execResult) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	result.StdoutBytes, result.StderrBytes = e.out[channelStdout].total, e.out[channelStderr].total
	result.StdoutFile, result.StderrFile = e.out[channelStdout].describe(), e.out[channelStderr].describe()
	e.result, e.ended, e.endTime = result, true, time.Now()
	e.changed.Broadcast()
	if keep := time.Duration(e.request.KeepMillis) * time.Millisecond; keep > 0 {
		time.AfterFunc(keep, e.expire)
	} else if len(e.followers) == 0 {
		go executions.forget(e)
	}
}

// expire forgets the command, unless somebody is just reading it: then a little later.
func (e *execution) expire() {
	if _, idle := e.idleSince(); idle {
		executions.forget(e)
	} else {
		time.AfterFunc(time.Minute, e.expire)
	}
}

func (e *execution) idleSince() (time.Time, bool) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.endTime, e.ended && len(e.followers) == 0
}

func (e *execution) endedAt() time.Time {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.endTime
}

// release gives up the memory of an execution that nobody can ask for any more; its files stay.
func (e *execution) release() {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.released {
		return
	}
	e.released = true
	spilled := false
	for _, s := range e.out[channelStdout:] {
		spilled = spilled || s.kept > 0
		s.close()
	}
	if spilled {
		go spills.add(e.id)
	}
}

// signal reaches the command's process group.
func (e *execution) signal(signal syscall.Signal) *failure {
	childMutex.Lock()
	defer childMutex.Unlock()
	// While it is known here it has not been collected, so its number is nobody else's.
	if _, alive := children[e.command.pid]; !alive {
		return fail("exec_ended", "command %s has ended", e.id)
	}
	if err := syscall.Kill(-e.command.pid, signal); err == syscall.ESRCH {
		err = syscall.Kill(e.command.pid, signal)
		if err != nil {
			return fail("exec_ended", "command %s: %v", e.id, err)
		}
	}
	return nil
}

type execInfo struct {
	ID            string      `json:"id"`
	Program       string      `json:"program"`
	UID           int         `json:"uid"`
	Running       bool        `json:"running"`
	StartedMillis int64       `json:"startedMillis"`
	InputBytes    int64       `json:"inputBytes"`
	StdoutBytes   int64       `json:"stdoutBytes"`
	StderrBytes   int64       `json:"stderrBytes"`
	Result        *execResult `json:"result,omitempty"`
}

// begun tells whether the command's process was started.
func (e *execution) begun() bool {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.command != nil
}

func (e *execution) describe() execInfo {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	program := e.request.Argv[0]
	if len(program) > 200 {
		program = program[:200]
	}
	info := execInfo{
		ID: e.id, Program: program, UID: e.request.UID, Running: !e.ended, StartedMillis: e.started.UnixMilli(),
		InputBytes: e.inputSize, StdoutBytes: e.out[channelStdout].total, StderrBytes: e.out[channelStderr].total,
	}
	if e.ended {
		result := e.result
		info.Result = &result
	}
	return info
}
