package main

import (
	"io"
	"strings"
	"testing"
	"time"
)

// next returns the frame that the session sent last.
func nextFrame(t *testing.T, out chan outgoing) frame {
	t.Helper()
	select {
	case item := <-out:
		var got []frame
		d := &decoder{token: make([]byte, tokenBytes)}
		d.token[0] = 1
		if err := d.feed(item.bytes, func(f frame) error { got = append(got, f); return nil }, nil); err != nil || len(got) != 1 {
			t.Fatalf("%d frames, %v", len(got), err)
		}
		return got[0]
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was sent")
		return frame{}
	}
}

func welcomed(t *testing.T, protocol string) (*session, chan outgoing) {
	t.Helper()
	out := make(chan outgoing, 64)
	s := newSession(out)
	if err := s.dispatch(frame{0, typeWelcome, 0, []byte(`{"protocol":` + protocol + `,"timeMillis":0}`)}); err != nil {
		t.Fatal(err)
	}
	return s, out
}

func TestOpensNoStreamTowardsAHostOfProtocol1(t *testing.T) {
	_, out := welcomed(t, "1")
	if _, failed := dialHost(dialRequest{"dial", 1000}); failed == nil || failed.Code != "not_available" {
		t.Fatalf("failed with %v", failed)
	}
	if len(out) != 0 {
		t.Fatal("it spoke")
	}
}

func TestAStreamToTheHostCarriesBothWaysAndEnds(t *testing.T) {
	s, out := welcomed(t, "2")
	st, failed := dialHost(dialRequest{"dial", 1001})
	if failed != nil {
		t.Fatal(failed)
	}
	open := nextFrame(t, out)
	if open.stream != guestStreamBit|1 || string(open.body) != `{"op":"dial","uid":1001}` {
		t.Fatalf("opened %x with %s", open.stream, open.body)
	}
	if err := s.dispatch(frame{open.stream, typeData, 0, []byte("hello")}); err != nil {
		t.Fatal(err)
	}
	if err := s.dispatch(frame{open.stream, typeEnd, 0, []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	if data, err := st.receive(); err != nil || string(data) != "hello" {
		t.Fatalf("%q %v", data, err)
	}
	if _, err := st.receive(); err != io.EOF {
		t.Fatal(err)
	}
	if st.failed != nil {
		t.Fatal(st.failed)
	}
	if err := s.dispatch(frame{open.stream, typeCredit, 0, []byte{0, 0, 0, 1}}); err != nil {
		t.Fatalf("late credit: %v", err)
	}
	if err := s.dispatch(frame{open.stream, typeData, 0, []byte("x")}); err == nil {
		t.Fatal("data after the end was taken")
	}
}

func TestAnErrorOfTheHostIsKept(t *testing.T) {
	s, out := welcomed(t, "2")
	st, _ := dialHost(callRequest{"call", 1000, "x", []byte("{}")})
	open := nextFrame(t, out)
	if err := s.dispatch(frame{open.stream, typeError, 0, []byte(`{"code":"no","message":"never"}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := st.receive(); err != io.EOF || st.failed == nil || st.failed.Code != "no" {
		t.Fatalf("%v %v", err, st.failed)
	}
}

func TestANewHostEndsTheStreamsToTheOldOne(t *testing.T) {
	s, out := welcomed(t, "2")
	st, _ := dialHost(dialRequest{"dial", 1000})
	nextFrame(t, out)
	s.close()
	if _, err := st.receive(); err != errCancelled {
		t.Fatal(err)
	}
	if _, failed := dialHost(dialRequest{"dial", 1000}); failed == nil {
		t.Fatal("opened on a closed session")
	}
}

func TestUnderstandsACommandLine(t *testing.T) {
	asked, err := parseCommand(strings.Fields("kb search --limit 3 write ahead --json log"), nil)
	if err != nil || asked.name != "kb.search" || !asked.json ||
		asked.arguments["query"] != "write ahead log" || asked.arguments["limit"] != 3 {
		t.Fatalf("%+v %v", asked, err)
	}
	asked, err = parseCommand(strings.Fields("verify --draft /workspace/drafts/a.md"), nil)
	if err != nil || asked.arguments["draft"] != "/workspace/drafts/a.md" {
		t.Fatalf("%+v %v", asked, err)
	}
	asked, err = parseCommand([]string{"model", "-"}, strings.NewReader("from stdin"))
	if err != nil || asked.arguments["prompt"] != "from stdin" {
		t.Fatalf("%+v %v", asked, err)
	}
	for _, line := range []string{
		"kb", "kb search", "kb find x", "verify", "verify --draft", "fetch", "fetch a b", "nothing",
		"fetch --limit 3 http://a", "kb search --limit x y", "verify --draft a --draft b",
	} {
		if _, err := parseCommand(strings.Fields(line), nil); err == nil {
			t.Errorf("%q was understood", line)
		}
	}
}
