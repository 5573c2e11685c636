package main

import (
	"fmt"
	"sync"
)

// suspendHook is what one part of the agent does before the machine's memory is written to a disk,
// and after it runs again.
type suspendHook struct {
	name   string
	before func() error
	after  func() error
}

var (
	suspendMutex sync.Mutex
	suspendHooks []suspendHook
)

// onSuspend adds a hook; before-hooks run in the order they were added, after-hooks in the reverse.
func onSuspend(name string, before func() error, after func() error) {
	suspendMutex.Lock()
	defer suspendMutex.Unlock()
	suspendHooks = append(suspendHooks, suspendHook{name, before, after})
}

// beforeSuspend runs all hooks; if one fails, those that ran are undone.
func beforeSuspend() error {
	suspendMutex.Lock()
	defer suspendMutex.Unlock()
	for i, hook := range suspendHooks {
		if err := hook.before(); err != nil {
			undo(suspendHooks[:i])
			return fmt.Errorf("%s: %w", hook.name, err)
		}
	}
	return nil
}

func afterSuspend() {
	suspendMutex.Lock()
	defer suspendMutex.Unlock()
	undo(suspendHooks)
}

func undo(hooks []suspendHook) {
	for i := len(hooks) - 1; i >= 0; i-- {
		if err := hooks[i].after(); err != nil {
			log("after the suspend, %s: %v", hooks[i].name, err)
		}
	}
}
