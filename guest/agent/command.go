package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"syscall"
)

// command is a started process with the ends of its streams.
type command struct {
	pid            int
	exit           <-chan syscall.WaitStatus
	stdin          *os.File // nil without one; the terminal itself if there is one
	stdout, stderr *os.File
	terminal       *os.File
}

func (c *command) close() {
	for _, file := range []*os.File{c.stdin, c.stdout, c.stderr} {
		if file != nil {
			file.Close() // a terminal is closed twice, which does no harm
		}
	}
}

// startCommand starts this program as a stub that enters the group, gives up every privilege and
// becomes the command; it reports on a pipe why it could not.
func startCommand(request *execRequest, group string) (*command, *failure) {
	spec, err := json.Marshal(stubSpec{request.Argv, request.Env, request.Cwd, request.UID, group})
	if err != nil {
		return nil, fail("bad_request", "%v", err)
	}
	var theirs, ours []int
	give := func(fd int) int { theirs = append(theirs, fd); return fd }
	keep := func(fd int) int { ours = append(ours, fd); return fd }
	defer func() { closeAll(theirs) }()
	failed := func(err error) (*command, *failure) {
		closeAll(ours)
		return nil, fail("agent_error", "start: %v", err)
	}
	pipe := func(read, write func(int) int) ([2]int, error) {
		var ends [2]int
		if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
			return ends, err
		}
		read(ends[0])
		write(ends[1])
		return ends, nil
	}
	var files [3]int
	terminal, stdin, stdout, stderr := -1, -1, -1, -1
	attributes := &syscall.SysProcAttr{Setsid: true}
	if request.Terminal != nil {
		master, slave, err := openTerminal(request.Terminal, request.UID)
		if err != nil {
			return failed(err)
		}
		terminal = keep(master)
		files = [3]int{give(slave), slave, slave}
		attributes.Setctty, attributes.Ctty = true, 0
	} else {
		out, err := pipe(keep, give)
		if err != nil {
			return failed(err)
		}
		errors, err := pipe(keep, give)
		if err != nil {
			return failed(err)
		}
		files[1], files[2] = out[1], errors[1]
		stdout, stderr = out[0], errors[0]
		if request.Input {
			in, err := pipe(give, keep)
			if err != nil {
				return failed(err)
			}
			files[0], stdin = in[0], in[1]
		} else {
			null, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
			if err != nil {
				return failed(err)
			}
			files[0] = give(null)
		}
	}
	orders, err := pipe(give, keep)
	if err != nil {
		return failed(err)
	}
	report, err := pipe(keep, give)
	if err != nil {
		return failed(err)
	}
	pid, exit, err := start("/init", []string{stubName}, &syscall.ProcAttr{
		Env: []string{"GOMAXPROCS=1", "GOGC=off"},
		Files: []uintptr{uintptr(files[0]), uintptr(files[1]), uintptr(files[2]), uintptr(orders[0]),
			uintptr(report[1])},
		Sys: attributes,
	})
	if err != nil {
		return failed(err)
	}
	c := &command{pid: pid, exit: exit, stdin: pollable(stdin), stdout: pollable(stdout),
		stderr: pollable(stderr), terminal: pollable(terminal)}
	if c.terminal != nil {
		c.stdout = c.terminal
		if request.Input {
			c.stdin = c.terminal
		}
	}
	closeAll(theirs)
	theirs = nil
	writer := os.NewFile(uintptr(orders[1]), "spec")
	writer.Write(spec) // a stub that cannot read it reports so
	writer.Close()
	answer := os.NewFile(uintptr(report[0]), "report")
	problem, _ := io.ReadAll(io.LimitReader(answer, 4096))
	answer.Close()
	if len(problem) > 0 {
		c.close()
		<-c.exit
		if at := bytes.IndexByte(problem, 0); at > 0 {
			return nil, fail(string(problem[:at]), "%s", problem[at+1:])
		}
		return nil, fail("agent_error", "%s", problem)
	}
	return c, nil
}

// pollable makes a pipe's end a file that honours deadlines.
func pollable(fd int) *os.File {
	if fd < 0 {
		return nil
	}
	syscall.SetNonblock(fd, true)
	return os.NewFile(uintptr(fd), "output")
}

func closeAll(fds []int) {
	for _, fd := range fds {
		syscall.Close(fd)
	}
}
