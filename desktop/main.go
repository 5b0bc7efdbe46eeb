// Zhiping is the desktop of the title review: for clerks, and for the hub and the booths of a meeting room (README.md).
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type commands struct {
	Window windowCommand `cmd:"" default:"withargs" help:"Open the window."`
	Hub    hubCommand    `cmd:"" help:"The hub of a meeting room, without a window."`
	Tally  tallyCommand  `cmd:"" help:"The tally process, which the hub starts: it opens the ballots of a closed round." hidden:""`
	Room   roomCommand   `cmd:"" help:"The voting booth of a meeting room, with its window."`
	Key    keyCommand    `cmd:"" help:"A person's keys for meetings, without a window."`
	Booth  boothCommand  `cmd:"" help:"A booth of a meeting room, without a window."`
}

func main() {
	var c commands
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k := kong.Parse(&c, kong.Name("zhiping"), kong.Description("职评通：职称评审桌面程序。"), kong.BindTo(ctx, (*context.Context)(nil)), kong.UsageOnError())
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
