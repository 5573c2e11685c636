package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A spool gives back every byte it still has, from memory or from its file, and says where the next
// one is when it has not.
func TestSpoolGivesBackWhatItHolds(t *testing.T) {
	random := seeded(t)
	for round := 0; round < 60; round++ {
		s := &spool{path: "/stdout", started: true, stopped: true} // memory alone
		withFile := round%2 == 0
		if withFile {
			file, err := os.Create(filepath.Join(t.TempDir(), "out"))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			s.file, s.stopped, s.checked = file, false, 0
			s.kept = 0
		}
		var all []byte
		for len(all) < 400_000 {
			piece := make([]byte, 1+random.Intn(chunkBytes))
			random.Read(piece)
			if withFile {
				// What makeRoom asks the disk is not asked here.
				n, err := s.file.WriteAt(piece, s.kept)
				if err != nil {
					t.Fatal(err)
				}
				s.kept += int64(n)
				s.stopped = true
			}
			s.append(piece)
			all = append(all, piece...)
		}
		if len(s.ring) > ringBytes {
			t.Fatalf("a ring of %d bytes", len(s.ring))
		}
		var got []byte
		gaps := 0
		for at := int64(0); at < s.total; {
			buffer := make([]byte, 1+random.Intn(50_000))
			n, next := s.read(buffer, at)
			if n == 0 {
				if next <= at || next != s.oldest() {
					t.Fatalf("from %d to %d", at, next)
				}
				gaps++
				got = append(got, all[at:next]...)
				at = next
				continue
			}
			got = append(got, buffer[:n]...)
			at += int64(n)
		}
		if !bytes.Equal(got, all) || withFile && gaps > 0 || !withFile && gaps != 1 {
			t.Fatalf("round %d: %d gaps, equal %v", round, gaps, bytes.Equal(got, all))
		}
	}
}

// The order in which two streams grew is kept while somebody reads along.
func TestFollowersGetTheStreamsInTheirOrder(t *testing.T) {
	e := newExecution(&execRequest{ID: "x"})
	f := &follower{left: 1 << 40, live: true}
	var want, got []byte
	random := seeded(t)
	e.mutex.Lock()
	defer e.mutex.Unlock()
	for i := 0; i < 500; i++ {
		channel := byte(1 + random.Intn(2))
		e.out[channel].append(bytes.Repeat([]byte{channel}, 1+random.Intn(5)))
		e.remember(channel)
	}
	for i, from := 0, [3]int64{}; i < len(e.order); i++ {
		s := e.order[i]
		for ; from[s.channel] < s.end; from[s.channel]++ {
			want = append(want, s.channel)
		}
	}
	e.ended = true
	for {
		channel, end := e.next(f, func() bool { return false })
		if channel == 0 {
			break
		}
		piece := make([]byte, end-f.cursor[channel])
		n, _ := e.out[channel].read(piece, f.cursor[channel])
		f.cursor[channel] += int64(n)
		got = append(got, piece[:n]...)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("another order: %d and %d bytes", len(got), len(want))
	}
}

// Whatever the arguments, the filter ends each program with a verdict, and jumps stay inside.
func TestTheFilterIsAProgramThatEnds(t *testing.T) {
	program := filter()
	for i, op := range program {
		if op.Code == bpfEqual || op.Code == bpfBits || op.Code == bpfAbove {
			if i+1+int(op.Jt) >= len(program) || i+1+int(op.Jf) >= len(program) {
				t.Errorf("instruction %d jumps out", i)
			}
		}
	}
	if last := program[len(program)-1]; last.Code != bpfEnd || last.K != seccompAllow {
		t.Error("the last word is not a verdict")
	}
	if len(program) > 4096 {
		t.Errorf("%d instructions", len(program))
	}
}
