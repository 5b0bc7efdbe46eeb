package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"zhiping/server/demo"
)

// demoCommand walks one invented review year through the real programs.
type demoCommand struct {
	Out          string `arg:"" help:"Folder for the demonstration; what is in it from an earlier one is removed."`
	Desktop      string `help:"The program zhiping." default:"zhiping"`
	Seed         uint64 `help:"Everything invented comes from this seed." default:"2026"`
	Experts      int    `help:"Experts in the pool." default:"60"`
	Applications int    `help:"Applications." default:"300"`
	Panel        int    `help:"Experts of the meeting." default:"11"`
	Until        string `help:"Stop after this stage, as printed, to go on by hand."`
}

// marker says that a folder is a demonstration's and may be removed.
const marker = "FICTIONAL-DEMONSTRATION"

func (c *demoCommand) Run(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if all, err := os.ReadDir(c.Out); err == nil && len(all) > 0 {
		if _, err := os.Stat(filepath.Join(c.Out, marker)); err != nil {
			return fmt.Errorf("%s is not empty and no earlier demonstration; name another folder", c.Out)
		}
		if err := os.RemoveAll(c.Out); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.Out, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.Out, marker), []byte("Everything here is invented.\n"), 0o600); err != nil {
		return err
	}
	return demo.Run(ctx, demo.Config{Out: c.Out, Server: program, Desktop: c.Desktop, Seed: c.Seed, Experts: c.Experts, Applications: c.Applications, Panel: c.Panel, Until: c.Until})
}
