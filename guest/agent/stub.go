package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
)

const (
	stubName = "choir-stub"
	proxyURL = "http://" + proxyAddress
)

// stubSpec is what a stub must become.
type stubSpec struct {
	Argv  []string          `json:"argv"`
	Env   map[string]string `json:"env"`
	Cwd   string            `json:"cwd"`
	UID   int               `json:"uid"`
	Group string            `json:"group"`
}

// runStub turns this process into a command: file descriptor 3 tells which, 4 takes the reason when
// that fails. Privileges belong to a thread, so all of it happens on the one that calls exec.
func runStub() {
	runtime.LockOSThread()
	syscall.CloseOnExec(3)
	syscall.CloseOnExec(4)
	var spec stubSpec
	text, err := io.ReadAll(os.NewFile(3, "spec"))
	if err == nil {
		err = json.Unmarshal(text, &spec)
	}
	if err != nil {
		giveUp("agent_error", err.Error())
	}
	if err := os.WriteFile(spec.Group+"/cgroup.procs", []byte("0"), 0); err != nil {
		giveUp("agent_error", err.Error())
	}
	put("/proc/self/oom_score_adj", "1000")
	syscall.Umask(0o002)
	for resource, limit := range map[int]uint64{
		syscall.RLIMIT_CORE: 0, syscall.RLIMIT_NOFILE: 4096, rlimitNproc: 800,
	} {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			giveUp("agent_error", err.Error())
		}
	}
	if err := syscall.Chroot(merged); err != nil {
		giveUp("agent_error", err.Error())
	}
	uid, gid := uintptr(spec.UID), uintptr(toolGroup)
	for _, call := range [][4]uintptr{
		{syscall.SYS_SETGROUPS, 0, 0, 0},
		{syscall.SYS_SETRESGID, gid, gid, gid},
		{syscall.SYS_SETRESUID, uid, uid, uid},
		{syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0},
	} {
		if _, _, code := syscall.RawSyscall6(call[0], call[1], call[2], call[3], 0, 0, 0); code != 0 {
			giveUp("agent_error", code.Error())
		}
	}
	if err := installFilter(); err != nil {
		giveUp("agent_error", "seccomp: "+err.Error())
	}
	if err := syscall.Chdir(spec.Cwd); err != nil {
		giveUp(codeOf(err), "working directory "+spec.Cwd+": "+err.Error())
	}
	env := map[string]string{
		"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/home/choir/.local/bin",
		"HOME": "/home/choir", "LANG": "C.UTF-8", "no_proxy": "localhost,127.0.0.1,::1",
	}
	// Programs disagree on how these are spelt.
	for _, name := range []string{"http_proxy", "https_proxy", "all_proxy"} {
		env[name], env[strings.ToUpper(name)] = proxyURL, proxyURL
	}
	env["NO_PROXY"] = env["no_proxy"]
	for name, value := range spec.Env {
		env[name] = value
	}
	var list []string
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	giveUp(become(spec.Argv, env["PATH"], list))
}

// become replaces this process; it returns only with the reason why it could not.
func become(argv []string, path string, env []string) (string, string) {
	candidates := []string{argv[0]}
	if !strings.Contains(argv[0], "/") {
		candidates = nil
		for _, folder := range strings.Split(path, ":") {
			candidates = append(candidates, folder+"/"+argv[0])
		}
	}
	var result error = syscall.ENOENT
	for _, candidate := range candidates {
		err := syscall.Exec(candidate, argv, env)
		if !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ENOTDIR) {
			result = err
		}
	}
	return codeOf(result), "cannot run " + argv[0] + ": " + result.Error()
}

func giveUp(code, message string) {
	os.NewFile(4, "report").WriteString(code + "\x00" + message)
	os.Exit(127)
}
