package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// As the first process the agent inherits every orphan, so one loop collects all children, its own
// commands among them.
var (
	childMutex sync.Mutex
	children   = map[int]chan syscall.WaitStatus{}
)

// start runs a program; its status arrives once on the channel.
func start(program string, argv []string, attributes *syscall.ProcAttr) (int, <-chan syscall.WaitStatus, error) {
	childMutex.Lock()
	defer childMutex.Unlock()
	pid, err := syscall.ForkExec(program, argv, attributes)
	if err != nil {
		return 0, nil, err
	}
	exit := make(chan syscall.WaitStatus, 1)
	children[pid] = exit
	return pid, exit, nil
}

func reap() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCHLD)
	for range signals {
		for collectOne() {
		}
	}
}

func collectOne() bool {
	childMutex.Lock()
	defer childMutex.Unlock()
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
	if err == syscall.EINTR {
		return true
	}
	if err != nil || pid <= 0 {
		return false
	}
	if exit, known := children[pid]; known {
		delete(children, pid)
		exit <- status
	}
	return true
}
