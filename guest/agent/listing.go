package main

import (
	"encoding/json"
	"io"
	"os"
	"path"
	"syscall"
)

type entry struct {
	Path           string `json:"path"`
	Type           string `json:"type"`
	Size           int64  `json:"size"`
	Mode           int    `json:"mode"`
	UID            int    `json:"uid"`
	ModifiedMillis int64  `json:"modifiedMillis"`
}

func describe(at string, info *syscall.Stat_t) entry {
	kind := "other"
	switch info.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		kind = "file"
	case syscall.S_IFDIR:
		kind = "directory"
	case syscall.S_IFLNK:
		kind = "link"
	}
	return entry{at, kind, info.Size, int(info.Mode & 0o7777), int(info.Uid), info.Mtim.Nano() / 1e6}
}

func statFile(body []byte) (interface{}, *failure) {
	var request pathRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "stat: %v", err)
	}
	target, failed := find(request.Path, readable, nil)
	if failed != nil {
		return nil, failed
	}
	defer target.close()
	if !readable(path.Join(where(target.dir), target.name)) {
		return nil, fail("permission_denied", "%s is outside of what the host may read", request.Path)
	}
	var info syscall.Stat_t
	if err := statAt(target.dir, target.name, &info); err != nil {
		return nil, failPath(request.Path, err)
	}
	return describe(path.Clean(request.Path), &info), nil
}

const (
	entriesMax = 200_000
	depthMax   = 200
)

type listRequest struct {
	Op        string `json:"op"`
	Path      string `json:"path"`
	Recursive bool   `json:"recursive"`
}

type listResult struct {
	Entries int `json:"entries"`
}

// listFiles sends one line of JSON per entry as data.
func listFiles(body []byte, st *stream) (interface{}, *failure) {
	var request listRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "list: %v", err)
	}
	if failed := checkPath(request.Path); failed != nil {
		return nil, failed
	}
	root, err := rootFolder()
	if err != nil {
		return nil, failPath(request.Path, err)
	}
	defer syscall.Close(root)
	fd, err := openInRoot(root, request.Path, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, failPath(request.Path, err)
	}
	if !readable(where(fd)) {
		syscall.Close(fd)
		return nil, fail("permission_denied", "%s is outside of what the host may read", request.Path)
	}
	walk := &walker{stream: st, recursive: request.Recursive}
	if failed := walk.folder(fd, path.Clean(request.Path), 0); failed != nil {
		return nil, failed
	}
	if failed := walk.flush(0); failed != nil {
		return nil, failed
	}
	return listResult{walk.entries}, nil
}

type walker struct {
	stream    *stream
	recursive bool
	entries   int
	lines     []byte
}

func (w *walker) flush(above int) *failure {
	if len(w.lines) > above {
		if err := w.stream.send(channelMain, w.lines); err != nil {
			return fail("cancelled", "list")
		}
		w.lines = w.lines[:0]
	}
	return nil
}

// folder lists an open directory and closes it.
func (w *walker) folder(fd int, at string, depth int) *failure {
	file := os.NewFile(uintptr(fd), at)
	defer file.Close()
	for {
		names, err := file.Readdirnames(512)
		for _, name := range names {
			if failed := w.entry(fd, name, path.Join(at, name), depth); failed != nil {
				return failed
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return failPath(at, err)
		}
	}
}

func (w *walker) entry(dir int, name, at string, depth int) *failure {
	var info syscall.Stat_t
	if err := statAt(dir, name, &info); err != nil {
		if err == syscall.ENOENT {
			return nil // removed meanwhile
		}
		return failPath(at, err)
	}
	if w.entries++; w.entries > entriesMax {
		return fail("too_many_files", "more than %d entries", entriesMax)
	}
	line, err := json.Marshal(describe(at, &info))
	if err != nil {
		return fail("agent_error", "%v", err)
	}
	w.lines = append(append(w.lines, line...), '\n')
	if failed := w.flush(chunkBytes); failed != nil {
		return failed
	}
	if !w.recursive || info.Mode&syscall.S_IFMT != syscall.S_IFDIR || below(at, "/proc", "/sys", "/dev") {
		return nil
	}
	if depth >= depthMax {
		return fail("too_many_files", "%s is more than %d folders deep", at, depthMax)
	}
	child, err := openAt(dir, name, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK)
	if err != nil {
		if err == syscall.ENOENT || err == syscall.ENOTDIR || err == syscall.ELOOP {
			return nil // replaced meanwhile
		}
		return failPath(at, err)
	}
	return w.folder(child, at, depth+1)
}
