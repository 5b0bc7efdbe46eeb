package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"zhiping/shared/fault"
	"zhiping/shared/holder"
)

// keyCommand makes and tries a person's key file on his own machine (voting.md, roles and keys), without a window.
type keyCommand struct {
	New     newKeyCommand     `cmd:"" help:"Make a key file; prints the public half, one line for the meeting."`
	Public  publicKeyCommand  `cmd:"" help:"Print the public half of a key file."`
	Paper   paperKeyCommand   `cmd:"" help:"Make the paper copy of a key file for a sealed envelope."`
	Recover recoverKeyCommand `cmd:"" help:"Make a key file again from what was scanned or typed off its paper copy."`
	Drill   drillKeyCommand   `cmd:"" help:"Open the test envelope of a meeting; prints the answer."`
}

// passphraseVariable holds a passphrase for scripts; on the command line it would stand in the list of processes.
const passphraseVariable = "ZHIPING_PASSPHRASE"

// askPassphrase asks for it; twice when it is new.
func askPassphrase(twice bool) (string, error) {
	if s, ok := os.LookupEnv(passphraseVariable); ok {
		return s, nil
	}
	in := bufio.NewReader(os.Stdin)
	first, err := typedLine(in, "口令：")
	if err != nil || !twice {
		return first, err
	}
	if err := holder.CheckPassphrase(first); err != nil { // before it is typed again
		return "", err
	}
	second, err := typedLine(in, "再输一遍：")
	if err == nil && first != second {
		err = fault.New(fault.Invalid, "两次输入的口令不一致，请重新输入")
	}
	return first, err
}

// typedLine reads a line: unseen from a terminal, as it is from a pipe.
func typedLine(in *bufio.Reader, prompt string) (string, error) {
	fd := int(os.Stdin.Fd())
	if term.IsTerminal(fd) {
		fmt.Fprint(os.Stderr, prompt)
		b, err := term.ReadPassword(fd)
		fmt.Fprintln(os.Stderr)
		return string(b), err
	}
	s, err := in.ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(s, "\r\n"), err
}

type newKeyCommand struct {
	File string `arg:"" help:"The key file to write; it must not be there."`
	Name string `required:"" help:"The person's name, as the meeting shall show it."`
	Work int    `default:"0" hidden:"" help:"Work factor of scrypt; only for the demonstration and tests."`
}

func (c *newKeyCommand) Run() error {
	h, err := holder.New(c.Name)
	if err != nil {
		return err
	}
	p, err := askPassphrase(true)
	if err != nil {
		return err
	}
	if err := h.Save(c.File, p, c.Work); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "密钥文件已写入“%s”并核对无误。公钥指纹：%s\n", c.File, h.Public().Fingerprint())
	fmt.Println(h.Public().Text())
	return nil
}

// openHolder opens a key file with the passphrase that is asked for.
func openHolder(file string) (*holder.Holder, error) {
	p, err := askPassphrase(false)
	if err != nil {
		return nil, err
	}
	return holder.Load(file, p)
}

type publicKeyCommand struct {
	File string `arg:"" help:"The key file."`
}

func (c *publicKeyCommand) Run() error {
	h, err := openHolder(c.File)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s　公钥指纹：%s\n", h.Name, h.Public().Fingerprint())
	fmt.Println(h.Public().Text())
	return nil
}

type paperKeyCommand struct {
	File string `arg:"" help:"The key file."`
	Out  string `arg:"" help:"The PDF to write; it must not be there."`
}

func (c *paperKeyCommand) Run() error {
	h, err := openHolder(c.File)
	if err != nil {
		return err
	}
	b, err := h.Paper(time.Now())
	if err != nil {
		return err
	}
	return holder.WriteNew(c.Out, b, nil)
}

type recoverKeyCommand struct {
	Text string `arg:"" help:"A file with the scanned or typed lines; - reads them from the standard input, with the passphrase in ZHIPING_PASSPHRASE."`
	File string `arg:"" help:"The key file to write; it must not be there."`
}

func (c *recoverKeyCommand) Run() error {
	text, err := textOfFile(c.Text)
	if err != nil {
		return err
	}
	if _, err := holder.Recover(text); err != nil { // before the passphrase is typed
		return err
	}
	p, err := askPassphrase(false)
	if err != nil {
		return err
	}
	h, err := holder.Unlock(text, p)
	if err != nil {
		return err
	}
	if err := h.Copy(c.File, p); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "“%s”的密钥文件已恢复到“%s”并核对无误。公钥指纹：%s\n", h.Name, c.File, h.Public().Fingerprint())
	return nil
}

type drillKeyCommand struct {
	File      string `arg:"" help:"The key file."`
	Challenge string `arg:"" help:"A file with the test envelope's line; - reads it from the standard input, with the passphrase in ZHIPING_PASSPHRASE."`
}

func (c *drillKeyCommand) Run() error {
	text, err := textOfFile(c.Challenge)
	if err != nil {
		return err
	}
	h, err := openHolder(c.File)
	if err != nil {
		return err
	}
	answer, err := h.Answer(text)
	if err != nil {
		return err
	}
	fmt.Println(answer)
	return nil
}

// textOfFile reads a text from a file, or from the standard input for "-".
func textOfFile(file string) (string, error) {
	if file == "-" {
		b, err := io.ReadAll(os.Stdin)
		return string(b), err
	}
	b, err := holder.Read(file)
	return string(b), err
}
