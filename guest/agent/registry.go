package main

import (
	"os"
	"sort"
	"sync"
	"time"
)

const (
	executionsMax = 64 // running and ended ones that are still kept
	spillsMax     = 16 // folders with the output of ended commands
	keepMax       = 24 * time.Hour
)

// registry knows the commands that run and those whose end can still be asked for.
type registry struct {
	mutex sync.Mutex
	byID  map[string]*execution
}

var executions = registry{byID: map[string]*execution{}}

// add takes a new command in; an older one that has ended may have to go for it.
func (r *registry) add(e *execution) *failure {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if _, taken := r.byID[e.id]; taken {
		return fail("exec_exists", "there is a command %s already", e.id)
	}
	if len(r.byID) >= executionsMax {
		var oldest *execution
		for _, other := range r.byID {
			if at, idle := other.idleSince(); idle && (oldest == nil || at.Before(oldest.endedAt())) {
				oldest = other
			}
		}
		if oldest == nil {
			return fail("too_many_commands", "%d commands are running", executionsMax)
		}
		delete(r.byID, oldest.id)
		oldest.release()
	}
	r.byID[e.id] = e
	return nil
}

func (r *registry) find(id string) (*execution, *failure) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if e, known := r.byID[id]; known && e.begun() {
		return e, nil
	}
	return nil, fail("no_such_exec", "there is no command %q", id)
}

// forget drops a command that has ended; its files stay until others need their room.
func (r *registry) forget(e *execution) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.byID[e.id] == e {
		delete(r.byID, e.id)
		e.release()
	}
}

func (r *registry) all() []*execution {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var all []*execution
	for _, e := range r.byID {
		if e.begun() {
			all = append(all, e)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].started.Before(all[j].started) })
	return all
}

// spillList holds the folders that ended commands left, oldest first.
type spillList struct {
	mutex   sync.Mutex
	folders []string
}

var spills spillList

func (l *spillList) add(id string) {
	l.mutex.Lock()
	l.folders = append(l.folders, id)
	full := len(l.folders) > spillsMax
	l.mutex.Unlock()
	if full {
		l.dropOldest()
	}
}

// dropOldest removes the oldest folder; false if there is none.
func (l *spillList) dropOldest() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(l.folders) == 0 {
		return false
	}
	os.RemoveAll(merged + spillHome + "/" + l.folders[0])
	l.folders = l.folders[1:]
	return true
}
