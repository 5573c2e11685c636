package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"syscall"
)

// codeOf maps an error of the kernel to the code the host knows.
func codeOf(err error) string {
	var code syscall.Errno
	if !errors.As(err, &code) {
		return "agent_error"
	}
	switch code {
	case syscall.ENOENT:
		return "file_not_found"
	case syscall.EACCES, syscall.EPERM, syscall.EROFS:
		return "permission_denied"
	case syscall.EISDIR:
		return "is_directory"
	case syscall.ENOTDIR:
		return "not_a_directory"
	case syscall.ENOSPC, syscall.EDQUOT:
		return "no_space"
	case syscall.ENOEXEC, syscall.E2BIG:
		return "bad_request"
	case syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL, syscall.EXDEV, syscall.ENXIO:
		return "invalid_path"
	default:
		return "agent_error"
	}
}

func failPath(at string, err error) *failure {
	var code syscall.Errno
	errors.As(err, &code)
	return fail(codeOf(err), "%s: %v", at, code)
}

// checkPath refuses what is not a plain absolute path before the kernel sees it.
func checkPath(at string) *failure {
	if !strings.HasPrefix(at, "/") || strings.IndexByte(at, 0) >= 0 || len(at) > 4000 {
		return fail("invalid_path", "%q is not an absolute path", at)
	}
	for _, part := range strings.Split(at, "/") {
		if part == ".." {
			return fail("invalid_path", "%q contains ..", at)
		}
	}
	return nil
}

// place is an open folder of the guest and a name in it. Holding the folder means that what was
// checked is what is used, whatever tools rename meanwhile.
type place struct {
	dir  int
	name string // "." for the folder itself
	at   string
}

func (p *place) close() { syscall.Close(p.dir) }

func rootFolder() (int, error) {
	return syscall.Open(merged, oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
}

// where tells the real place of an open file below the tools' root.
func where(fd int) string {
	target, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil || !strings.HasPrefix(target+"/", merged+"/") {
		return ""
	}
	return path.Clean("/" + strings.TrimPrefix(target, merged))
}

func below(at string, folders ...string) bool {
	for _, folder := range folders {
		if at == folder || strings.HasPrefix(at, folder+"/") {
			return true
		}
	}
	return false
}

func readable(at string) bool { return at != "" && !below(at, "/proc", "/sys", "/dev") }

func writable(at string) bool { return below(at, "/workspace", "/tmp") }

// find opens the folder of a path; allowed judges where the links on the way have led. With an owner
// missing folders are made.
func find(at string, allowed func(string) bool, owner *ownership) (*place, *failure) {
	if failed := checkPath(at); failed != nil {
		return nil, failed
	}
	clean := path.Clean(at)
	root, err := rootFolder()
	if err != nil {
		return nil, failPath(at, err)
	}
	defer syscall.Close(root)
	folder, name := path.Split(clean)
	if clean == "/" {
		folder, name = "/", "."
	}
	dir, err := openInRoot(root, folder, oPath|syscall.O_DIRECTORY, 0)
	if err == syscall.ENOENT && owner != nil {
		parent, failed := find(path.Clean(folder), allowed, owner)
		if failed != nil {
			return nil, failed
		}
		failed = parent.makeHere(owner)
		parent.close()
		if failed != nil {
			return nil, failed
		}
		dir, err = openInRoot(root, folder, oPath|syscall.O_DIRECTORY, 0)
	}
	if err != nil {
		return nil, failPath(at, err)
	}
	if real := where(dir); !allowed(real) && !allowed(path.Join(real, name)) {
		syscall.Close(dir)
		return nil, fail("permission_denied", "%s is outside of what the host may use", at)
	}
	return &place{dir, name, at}, nil
}

type ownership struct{ uid, mode int }

// makeHere makes the folder this place names, unless it is there.
func (p *place) makeHere(owner *ownership) *failure {
	if failed := p.guard(); failed != nil {
		return failed
	}
	err := syscall.Mkdirat(p.dir, p.name, 0o700)
	if err == syscall.EEXIST {
		return nil
	}
	if err != nil {
		return failPath(p.at, err)
	}
	fd, err := openAt(p.dir, p.name, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW)
	if err != nil {
		return failPath(p.at, err)
	}
	defer syscall.Close(fd)
	if err := syscall.Fchown(fd, owner.uid, toolGroup); err != nil {
		return failPath(p.at, err)
	}
	if err := syscall.Fchmod(fd, uint32(owner.mode)); err != nil {
		return failPath(p.at, err)
	}
	return nil
}

// guard refuses a change of anything but what lies in the writable folders.
func (p *place) guard() *failure {
	if !writable(where(p.dir)) {
		return fail("permission_denied", "%s: only what lies in /workspace and /tmp can be changed", p.at)
	}
	return nil
}

func openAt(dir int, name string, flags int) (int, error) {
	return syscall.Openat(dir, name, flags|syscall.O_CLOEXEC, 0)
}

type readRequest struct {
	Op     string `json:"op"`
	Path   string `json:"path"`
	Offset int64  `json:"offset"`
	Limit  int64  `json:"limit"`
}

type readResult struct {
	Bytes int64 `json:"bytes"`
}

func readFile(body []byte, st *stream) (interface{}, *failure) {
	var request readRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "read: %v", err)
	}
	if request.Offset < 0 || request.Limit < 0 {
		return nil, fail("bad_request", "read from %d, %d bytes", request.Offset, request.Limit)
	}
	if failed := checkPath(request.Path); failed != nil {
		return nil, failed
	}
	root, err := rootFolder()
	if err != nil {
		return nil, failPath(request.Path, err)
	}
	defer syscall.Close(root)
	// First a handle that opens nothing: a FIFO would block, a device would act.
	handle, err := openInRoot(root, request.Path, oPath, 0)
	if err != nil {
		return nil, failPath(request.Path, err)
	}
	defer syscall.Close(handle)
	if !readable(where(handle)) {
		return nil, fail("permission_denied", "%s is outside of what the host may read", request.Path)
	}
	var info syscall.Stat_t
	if err := syscall.Fstat(handle, &info); err != nil {
		return nil, failPath(request.Path, err)
	}
	if failed := regular(request.Path, &info); failed != nil {
		return nil, failed
	}
	file, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", handle))
	if err != nil {
		return nil, failPath(request.Path, err)
	}
	defer file.Close()
	result := readResult{}
	buffer := make([]byte, chunkBytes)
	for result.Bytes < request.Limit {
		want := request.Limit - result.Bytes
		if want > chunkBytes {
			want = chunkBytes
		}
		n, err := file.ReadAt(buffer[:want], request.Offset+result.Bytes)
		if n > 0 {
			if err := st.send(channelMain, buffer[:n]); err != nil {
				return nil, fail("cancelled", "%s", request.Path)
			}
			result.Bytes += int64(n)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, failPath(request.Path, err)
		}
	}
	return result, nil
}

func regular(at string, info *syscall.Stat_t) *failure {
	switch info.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		return nil
	case syscall.S_IFDIR:
		return fail("is_directory", "%s is a directory", at)
	default:
		return fail("invalid_path", "%s is a %s, not a file", at, kindOf(info.Mode))
	}
}

func kindOf(mode uint32) string {
	switch mode & syscall.S_IFMT {
	case syscall.S_IFIFO:
		return "pipe"
	case syscall.S_IFSOCK:
		return "socket"
	case syscall.S_IFLNK:
		return "link"
	default:
		return "device"
	}
}

type writeRequest struct {
	Op   string `json:"op"`
	Path string `json:"path"`
	Size int64  `json:"size"`
	UID  int    `json:"uid"`
	Mode int    `json:"mode"`
}

type nothing struct{}

func writeFile(body []byte, st *stream) (interface{}, *failure) {
	var request writeRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "write: %v", err)
	}
	if request.Size < 0 || badOwner(request.UID, request.Mode) {
		return nil, fail("bad_request", "write of %d bytes for user %d with mode %o", request.Size, request.UID, request.Mode)
	}
	target, failed := find(request.Path, writable, folderOf(request.UID))
	if failed != nil {
		return nil, failed
	}
	defer target.close()
	if failed := target.guard(); failed != nil {
		return nil, failed
	}
	var info syscall.Stat_t
	if err := statAt(target.dir, target.name, &info); err == nil {
		if info.Mode&syscall.S_IFMT != syscall.S_IFLNK {
			if failed := regular(request.Path, &info); failed != nil {
				return nil, failed
			}
		}
	} else if err != syscall.ENOENT {
		return nil, failPath(request.Path, err)
	}
	if failed := writeNew(target, &request, st); failed != nil {
		return nil, failed
	}
	return nothing{}, nil
}

func badOwner(uid, mode int) bool {
	return uid < toolUIDMin || uid > toolUIDMax || mode < 0 || mode > 0o777
}

// folderOf is how a missing parent is made: shared with the tools' group.
func folderOf(uid int) *ownership { return &ownership{uid, 0o2775} }

func writeNew(target *place, request *writeRequest, st *stream) *failure {
	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		return fail("agent_error", "%v", err)
	}
	temporary := ".choir-" + hex.EncodeToString(random)
	fd, err := syscall.Openat(target.dir, temporary,
		syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return failPath(request.Path, err)
	}
	file := os.NewFile(uintptr(fd), temporary)
	failed := fill(file, request, st)
	if err := file.Close(); err != nil && failed == nil {
		failed = failPath(request.Path, err)
	}
	if failed == nil {
		if err := renameAt(target.dir, temporary, target.name); err != nil {
			failed = failPath(request.Path, err)
		}
	}
	if failed != nil {
		syscall.Unlinkat(target.dir, temporary)
	}
	return failed
}

func fill(file *os.File, request *writeRequest, st *stream) *failure {
	var total int64
	for {
		data, err := st.receive()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fail("cancelled", "%s", request.Path)
		}
		if total += int64(len(data)); total > request.Size {
			return fail("bad_request", "%s: more than the %d bytes announced", request.Path, request.Size)
		}
		if _, err := file.Write(data); err != nil {
			return failPath(request.Path, err)
		}
	}
	if total != request.Size {
		return fail("bad_request", "%s: %d bytes of the %d announced", request.Path, total, request.Size)
	}
	if err := file.Chown(request.UID, toolGroup); err != nil {
		return failPath(request.Path, err)
	}
	if err := syscall.Fchmod(int(file.Fd()), uint32(request.Mode)); err != nil {
		return failPath(request.Path, err)
	}
	return nil
}

type pathRequest struct {
	Op   string `json:"op"`
	Path string `json:"path"`
}

type mkdirRequest struct {
	Op   string `json:"op"`
	Path string `json:"path"`
	UID  int    `json:"uid"`
	Mode int    `json:"mode"`
}

func makeDirectory(body []byte) (interface{}, *failure) {
	var request mkdirRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "mkdir: %v", err)
	}
	if badOwner(request.UID, request.Mode) {
		return nil, fail("bad_request", "mkdir for user %d with mode %o", request.UID, request.Mode)
	}
	target, failed := find(request.Path, writable, folderOf(request.UID))
	if failed != nil {
		return nil, failed
	}
	defer target.close()
	var info syscall.Stat_t
	if err := statAt(target.dir, target.name, &info); err == nil {
		if info.Mode&syscall.S_IFMT == syscall.S_IFDIR {
			return nothing{}, nil
		}
		return nil, fail("not_a_directory", "%s is there and is not a directory", request.Path)
	}
	if failed := target.makeHere(&ownership{request.UID, request.Mode | 0o2000}); failed != nil {
		return nil, failed
	}
	return nothing{}, nil
}

func deleteFile(body []byte) (interface{}, *failure) {
	var request pathRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "delete: %v", err)
	}
	target, failed := find(request.Path, writable, nil)
	if failed != nil {
		return nil, failed
	}
	defer target.close()
	if failed := target.guard(); failed != nil {
		return nil, failed
	}
	var info syscall.Stat_t
	if err := statAt(target.dir, target.name, &info); err != nil {
		return nil, failPath(request.Path, err)
	}
	// It walks by open folders and never follows a link.
	if err := os.RemoveAll(fmt.Sprintf("/proc/self/fd/%d/%s", target.dir, target.name)); err != nil {
		return nil, failPath(request.Path, err)
	}
	return nothing{}, nil
}

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
