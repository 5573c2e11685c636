package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const commandName = "choir"

const commandHelp = `choir: what a skill may ask of the host that runs this machine

  choir kb search QUERY [--limit N]   passages of the run's sources, with keys to cite
  choir verify --draft FILE           check every claim of a draft against its sources
  choir fetch URL                     store a page as a source of the run, if it may be reached
  choir model PROMPT                  one short completion, if the run allows it; - reads stdin

Each takes --json for one JSON object instead of text.
Exit status: 0 done, 1 refused or not verified, 2 wrong usage.
`

// question is what a command line asks of the host.
type question struct {
	name      string
	arguments map[string]interface{}
	json      bool
}

// runCommand is this program under the name choir.
func runCommand(words []string) int {
	if len(words) == 0 || words[0] == "help" || words[0] == "--help" || words[0] == "-h" {
		fmt.Print(commandHelp)
		return 0
	}
	asked, err := parseCommand(words, os.Stdin)
	if err != nil {
		fmt.Fprintf(os.Stderr, "choir: %v\nsee: choir help\n", err)
		return 2
	}
	answer, err := ask(asked)
	if err != nil {
		fmt.Fprintf(os.Stderr, "choir: %v\n", err)
		return 1
	}
	if answer.Error != nil {
		if asked.json {
			text, _ := json.Marshal(answer)
			fmt.Println(string(text))
		}
		fmt.Fprintf(os.Stderr, "choir: %s (%s)\n", answer.Error.Message, answer.Error.Code)
		return 1
	}
	var shown struct {
		Text   string `json:"text"`
		Failed bool   `json:"failed"`
	}
	if err := json.Unmarshal(answer.Result, &shown); err != nil {
		fmt.Fprintf(os.Stderr, "choir: %v\n", err)
		return 1
	}
	if asked.json {
		fmt.Println(string(answer.Result))
	} else {
		fmt.Println(strings.TrimRight(shown.Text, "\n"))
	}
	if shown.Failed {
		return 1
	}
	return 0
}

func parseCommand(words []string, stdin io.Reader) (*question, error) {
	asked := &question{arguments: map[string]interface{}{}}
	var plain []string
	options := map[string]string{}
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "--":
			plain = append(plain, words[i+1:]...)
			i = len(words)
		case word == "--json":
			asked.json = true
		case strings.HasPrefix(word, "--"):
			if i+1 == len(words) {
				return nil, fmt.Errorf("%s needs a value", word)
			}
			if _, twice := options[word]; twice {
				return nil, fmt.Errorf("%s is given twice", word)
			}
			i++
			options[word] = words[i]
		default:
			plain = append(plain, word)
		}
	}
	allowed := ""
	switch {
	case len(plain) >= 2 && plain[0] == "kb" && plain[1] == "search":
		asked.name, allowed = "kb.search", "--limit"
		if len(plain) == 2 {
			return nil, errors.New("kb search needs a query")
		}
		asked.arguments["query"] = strings.Join(plain[2:], " ")
		if text, given := options["--limit"]; given {
			limit, err := strconv.Atoi(text)
			if err != nil {
				return nil, fmt.Errorf("--limit %s is no number", text)
			}
			asked.arguments["limit"] = limit
		}
	case len(plain) == 1 && plain[0] == "verify":
		asked.name, allowed = "verify", "--draft"
		if options["--draft"] == "" {
			return nil, errors.New("verify needs --draft FILE")
		}
		path, err := filepath.Abs(options["--draft"])
		if err != nil {
			return nil, err
		}
		asked.arguments["draft"] = path
	case len(plain) == 2 && plain[0] == "fetch":
		asked.name = "fetch"
		asked.arguments["url"] = plain[1]
	case len(plain) >= 2 && plain[0] == "model":
		asked.name = "model"
		prompt := strings.Join(plain[1:], " ")
		if prompt == "-" {
			text, err := io.ReadAll(io.LimitReader(stdin, controlMax))
			if err != nil {
				return nil, err
			}
			prompt = string(text)
		}
		asked.arguments["prompt"] = prompt
	default:
		return nil, fmt.Errorf("there is no command %q", strings.Join(plain, " "))
	}
	for option := range options {
		if option != allowed {
			return nil, fmt.Errorf("%s is no option of %s", option, plain[0])
		}
	}
	return asked, nil
}

func ask(asked *question) (*callAnswer, error) {
	arguments, err := json.Marshal(asked.arguments)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(callQuestion{asked.name, arguments})
	if err != nil {
		return nil, err
	}
	if len(text) > controlMax {
		return nil, fmt.Errorf("a question of %d bytes, at most %d are sent", len(text), controlMax)
	}
	conn, err := net.Dial("unix", callSocket)
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, errors.New("this machine has no connection to its host")
	}
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := conn.Write(append(lengthPrefix(len(text)), text...)); err != nil {
		return nil, err
	}
	body, err := readMessage(conn, 2*answerMax)
	if err != nil {
		return nil, fmt.Errorf("the host gave no answer: %w", err)
	}
	var answer callAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	return &answer, nil
}
