// Zhiping-server holds the authoritative records of the title review and serves the desktops (README.md says how to run it).
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"zhiping/shared/fault"
)

type commands struct {
	Config kong.ConfigFlag `help:"Read settings from this JSON file." placeholder:"FILE"`

	Serve   serveCommand   `cmd:"" help:"Start the server. Nothing has to be prepared."`
	Migrate migrateCommand `cmd:"" help:"Bring the database to this program's version."`
	Admin   adminCommand   `cmd:"" help:"Create the first unit, or give an account a new password."`
	Backup  backupCommand  `cmd:"" help:"Copy keys, files and the SQLite database while the server runs."`
	Restore restoreCommand `cmd:"" help:"Put a backup into an empty folder, with a new epoch."`
	Keys    keysCommand    `cmd:"" help:"List, rotate and retire the server's signing keys."`
	Demo    demoCommand    `cmd:"" help:"Walk one invented review year through the real programs."`
	Verify  verifyCommand  `cmd:"" help:"Recompute what this program claims, from the records alone."`
	Sheet   sheetCommand   `cmd:"" help:"Write and check Excel workbooks of the templates."`
}

// data is where the server's things are; every command has it.
type data struct {
	Data     string `help:"The folder with keys, files and the SQLite database." default:"zhiping-data" env:"ZHIPING_DATA" placeholder:"DIR"`
	Database string `help:"A PostgreSQL connection string; the default is SQLite in the folder." env:"ZHIPING_DATABASE" placeholder:"URL"`
}

func main() {
	var c commands
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k := kong.Parse(&c, kong.Name("zhiping-server"), kong.Description("职评通 server: professional title review."),
		kong.Configuration(kong.JSON), kong.BindTo(ctx, (*context.Context)(nil)), kong.UsageOnError())
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "zhiping-server:", words(err))
		os.Exit(1)
	}
}

// words is what an administrator reads.
func words(err error) string {
	if f := fault.As(err); f != nil {
		return f.Message
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Sprintf("cannot %s %s: %v", p.Op, p.Path, p.Err)
	}
	return err.Error()
}
