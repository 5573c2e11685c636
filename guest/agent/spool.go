package main

import (
	"fmt"
	"os"
	"syscall"
)

const (
	ringBytes  = 128 << 10 // the newest output of a stream, held in memory
	ringFirst  = 4 << 10
	spillShare = 4       // one part in so many of the disk is left to others
	spillCheck = 1 << 20 // between two looks at what is free
)

// spool holds what a command wrote to one of its streams: the newest bytes in memory; all of them in
// a file too once they are more than that. When the disk has no room left the file stops growing
// and tells so; the newest bytes are still there. Guarded by its execution's mutex.
type spool struct {
	path  string // where the file lies, as tools see it
	ring  []byte // byte i of the stream lies at i modulo its length
	total int64

	file    *os.File
	kept    int64 // bytes in the file, from the first
	stopped bool  // the file takes no more
	checked int64 // kept when the disk's room was last looked at
	started bool  // a file was wanted
}

// append takes the next bytes, at most ringBytes of them.
func (s *spool) append(data []byte) {
	if need := s.total + int64(len(data)); int64(len(s.ring)) < need && len(s.ring) < ringBytes {
		size := ringFirst
		for int64(size) < need && size < ringBytes {
			size *= 2
		}
		grown := make([]byte, size)
		s.copyRing(grown[:s.total], 0) // nothing was pushed out yet
		s.ring = grown
	}
	if !s.started && s.total+int64(len(data)) > ringBytes {
		s.begin()
	}
	if s.started {
		s.spill(data)
	}
	for at := s.total; len(data) > 0; {
		n := copy(s.ring[at%int64(len(s.ring)):], data)
		data = data[n:]
		at += int64(n)
		s.total = at
	}
}

// oldest is the offset of the first byte that is still in memory.
func (s *spool) oldest() int64 {
	if over := s.total - int64(len(s.ring)); over > 0 {
		return over
	}
	return 0
}

func (s *spool) copyRing(into []byte, from int64) {
	for len(into) > 0 {
		n := copy(into, s.ring[from%int64(len(s.ring)):])
		into = into[n:]
		from += int64(n)
	}
}

// read copies what comes at an offset; if that is nowhere any more it tells where the next byte is.
func (s *spool) read(into []byte, from int64) (n int, next int64) {
	if left := s.total - from; int64(len(into)) > left {
		into = into[:left]
	}
	if from >= s.oldest() {
		s.copyRing(into, from)
		return len(into), from
	}
	if left := s.kept - from; left > 0 && s.file != nil {
		if int64(len(into)) > left {
			into = into[:left]
		}
		if n, _ := s.file.ReadAt(into, from); n > 0 {
			return n, from
		}
	}
	return 0, s.oldest()
}

func (s *spool) begin() {
	s.started = true
	file, err := openSpill(s.path)
	if err != nil {
		log("%s: %v", s.path, err)
		s.stopped = true
		return
	}
	s.file = file
	whole := make([]byte, s.total)
	s.copyRing(whole, 0)
	s.spill(whole)
}

func (s *spool) spill(data []byte) {
	if s.stopped || s.file == nil {
		return
	}
	if s.kept-s.checked >= spillCheck || s.kept == 0 {
		s.checked = s.kept
		if !makeRoom(s.file) {
			s.stopped = true
			return
		}
	}
	n, err := s.file.WriteAt(data, s.kept)
	s.kept += int64(n)
	if err != nil {
		s.stopped = true
	}
}

// makeRoom sees to it that the file may grow, at the cost of older commands' files.
func makeRoom(file *os.File) bool {
	for {
		var disk syscall.Statfs_t
		if err := syscall.Fstatfs(int(file.Fd()), &disk); err != nil {
			return false
		}
		if int64(disk.Bavail)*disk.Bsize > int64(disk.Blocks)/spillShare*disk.Bsize+spillCheck {
			return true
		}
		if !spills.dropOldest() {
			return false
		}
	}
}

func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
}

// outputFile is what a result says of a stream's file.
type outputFile struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}

func (s *spool) describe() *outputFile {
	if s.kept == 0 {
		return nil
	}
	return &outputFile{s.path, s.kept}
}

const spillHome = "/var/choir/exec"

// openSpill makes the file of a stream: tools may read it, nobody but the agent may change it.
func openSpill(path string) (*os.File, error) {
	folder := merged + path[:len(path)-len("/stdout")]
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(merged+path, os.O_RDWR|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o644)
}

func spillPath(id, name string) string { return fmt.Sprintf("%s/%s/%s", spillHome, id, name) }
