package main

import (
	"encoding/json"
	"syscall"
	"time"
)

type attachRequest struct {
	Op           string `json:"op"`
	ID           string `json:"id"`
	StdoutOffset int64  `json:"stdoutOffset"`
	StderrOffset int64  `json:"stderrOffset"`
	Input        bool   `json:"input"`
}

// attachExec follows a command that was started before, from where its caller has read it.
func attachExec(body []byte, st *stream) (interface{}, *failure) {
	var request attachRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "attach: %v", err)
	}
	e, failed := executions.find(request.ID)
	if failed != nil {
		return nil, failed
	}
	e.mutex.Lock()
	f := &follower{cursor: [3]int64{0, request.StdoutOffset, request.StderrOffset}, left: 1 << 62}
	possible := e.released == false
	for channel := byte(channelStdout); channel <= channelStderr; channel++ {
		possible = possible && f.cursor[channel] >= 0 && f.cursor[channel] <= e.out[channel].total
	}
	inputBytes := e.inputSize
	e.mutex.Unlock()
	if !possible {
		return nil, fail("bad_request", "command %s has not written %d and %d bytes", e.id,
			request.StdoutOffset, request.StderrOffset)
	}
	left := time.Until(e.started) + time.Duration(e.request.TimeoutMillis)*time.Millisecond
	if left < 0 {
		left = 0
	}
	st.session.control(st.id, typeNote,
		note{Kind: "started", LeftMillis: left.Milliseconds(), InputBytes: inputBytes})
	if request.Input {
		go e.feed(st)
	}
	return e.follow(st, f, 0)
}

type signalRequest struct {
	Op     string `json:"op"`
	ID     string `json:"id"`
	Signal int    `json:"signal"` // 0 ends the command and all it started at once
}

func signalExec(body []byte) (interface{}, *failure) {
	var request signalRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "signal: %v", err)
	}
	if request.Signal < 0 || request.Signal > 31 {
		return nil, fail("bad_request", "signal %d", request.Signal)
	}
	e, failed := executions.find(request.ID)
	if failed != nil {
		return nil, failed
	}
	if request.Signal != 0 {
		if failed := e.signal(syscall.Signal(request.Signal)); failed != nil {
			return nil, failed
		}
		return nothing{}, nil
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.ended {
		return nil, fail("exec_ended", "command %s has ended", e.id)
	}
	e.kill()
	return nothing{}, nil
}

type resizeRequest struct {
	Op      string `json:"op"`
	ID      string `json:"id"`
	Columns int    `json:"columns"`
	Rows    int    `json:"rows"`
}

func resizeExec(body []byte) (interface{}, *failure) {
	var request resizeRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "resize: %v", err)
	}
	size := &terminalSize{request.Columns, request.Rows}
	if !size.possible() {
		return nil, fail("bad_request", "a terminal of %d columns and %d rows", size.Columns, size.Rows)
	}
	e, failed := executions.find(request.ID)
	if failed != nil {
		return nil, failed
	}
	if e.command.terminal == nil {
		return nil, fail("bad_request", "command %s has no terminal", e.id)
	}
	raw, err := e.command.terminal.SyscallConn()
	if err == nil {
		var problem error
		if err = raw.Control(func(fd uintptr) { problem = resizeTerminal(int(fd), size) }); err == nil {
			err = problem
		}
	}
	if err != nil {
		return nil, fail("exec_ended", "command %s: %v", e.id, err)
	}
	return nothing{}, nil
}

// listExecs sends one line of JSON per command.
func listExecs(body []byte, st *stream) (interface{}, *failure) {
	var request struct {
		Op string `json:"op"`
	}
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "execs: %v", err)
	}
	var lines []byte
	for _, e := range executions.all() {
		line, err := json.Marshal(e.describe())
		if err != nil {
			return nil, fail("agent_error", "%v", err)
		}
		lines = append(append(lines, line...), '\n')
	}
	if err := st.send(channelMain, lines); err != nil {
		return nil, fail("cancelled", "execs")
	}
	return nothing{}, nil
}
