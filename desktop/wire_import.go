package main

import (
	"context"
	"fmt"

	"zhiping/desktop/application"
	"zhiping/desktop/expert"
	"zhiping/desktop/imports"
	"zhiping/desktop/kit"
	"zhiping/desktop/outbox"
)

// resumers go on with imports that were cut off, by template.
func (p *program) resumers() map[string]func(context.Context, *outbox.Import) (imports.Outcome, error) {
	return map[string]func(context.Context, *outbox.Import) (imports.Outcome, error){
		application.ImportKind(): func(ctx context.Context, i *outbox.Import) (imports.Outcome, error) {
			return application.Resume(ctx, i, p.client.Applications(), p.desk)
		},
		expert.ImportKind(): func(ctx context.Context, i *outbox.Import) (imports.Outcome, error) {
			return expert.Resume(ctx, i, p.client.Experts(), p.desk)
		},
	}
}

// resumeImports goes on with what was confirmed before the program was ended, one after the other, and says what became of it.
func (p *program) resumeImports() {
	var said []string
	kit.Resume(p.desk, p.resumers(), func(i *outbox.Import, out imports.Outcome) {
		line := fmt.Sprintf("上次没有完成的导入（“%s”）已继续：导入 %d 行", i.File, out.Taken)
		if out.Waiting > 0 {
			line += fmt.Sprintf("，%d 行等待联网后提交", out.Waiting)
		}
		if out.Refused > 0 {
			line += fmt.Sprintf("，%d 行被退回，请到导入页面修改", out.Refused)
		}
		said = append(said, line+"。")
	}, func() {
		for _, s := range said {
			p.say(s)
		}
	})
}
