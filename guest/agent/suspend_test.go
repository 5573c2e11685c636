package main

import (
	"errors"
	"strings"
	"testing"
)

func TestARestoreIsRefusedUnlessPreparedNewAndSeeded(t *testing.T) {
	defer func() { suspended, generation = 0, generationAtFirst }()
	generation = 5
	good := restored{Generation: 6, Entropy: make([]byte, entropyBytes)}
	for name, order := range map[string]restored{
		"not prepared":        good,
		"repeated generation": {Generation: 5, Entropy: good.Entropy},
		"older generation":    {Generation: 1, Entropy: good.Entropy},
		"little entropy":      {Generation: 6, Entropy: make([]byte, 63)},
		"no entropy":          {Generation: 6},
	} {
		suspended = 1
		if name == "not prepared" {
			suspended = 0
		}
		before := suspended
		answer := restore(order)
		if answer.Problem == "" || answer.Reseeded || answer.Token != "" {
			t.Errorf("%s: %+v", name, answer)
		}
		if generation != 5 || suspended != before {
			t.Errorf("%s: changed the machine", name)
		}
	}
}

func TestAHookThatFailsUndoesThoseBeforeIt(t *testing.T) {
	defer func() { suspendHooks = nil }()
	var calls []string
	hook := func(name string, failure error) {
		onSuspend(name, func() error { calls = append(calls, "+"+name); return failure },
			func() error { calls = append(calls, "-"+name); return nil })
	}
	hook("keys", nil)
	hook("volume", nil)
	hook("broken", errors.New("no"))
	if err := beforeSuspend(); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Fatalf("%v", err)
	}
	if got := strings.Join(calls, " "); got != "+keys +volume +broken -volume -keys" {
		t.Fatal(got)
	}
}
