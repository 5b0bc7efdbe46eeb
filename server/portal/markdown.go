package portal

import (
	"bytes"
	"html/template"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown renders what a unit wrote. HTML in it is left out and addresses that could run something are emptied (goldmark's default); a line
// break stays one, as in the desktop's preview.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify),
	goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(tamed{}, 100))),
	goldmark.WithRendererOptions(html.WithHardWraps()),
)

// tamed makes a text fit for a page of the portal: its headings stand under the page's own, links say nothing about where the reader came from,
// and pictures of other sites become links, so that reading an announcement asks nobody else for anything.
type tamed struct{}

// Transform implements parser.ASTTransformer.
func (tamed) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	var pictures []*ast.Image
	var headings []*ast.Heading
	//nolint:errcheck // the walker returns no error
	ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch x := n.(type) {
		case *ast.Heading:
			headings = append(headings, x)
		case *ast.Link:
			away(x)
		case *ast.AutoLink:
			away(x)
		case *ast.Image:
			pictures = append(pictures, x)
		}
		return ast.WalkContinue, nil
	})
	rank(headings)
	for _, p := range pictures {
		link := ast.NewLink()
		link.Destination = p.Destination
		away(link)
		for c := p.FirstChild(); c != nil; c = p.FirstChild() {
			link.AppendChild(link, c)
		}
		p.Parent().ReplaceChild(p.Parent(), p, link)
	}
}

// rank puts headings under the page's own, which is the first rank, with no rank left out, however the text begins.
func rank(headings []*ast.Heading) {
	highest, before := 6, 1
	for _, h := range headings {
		highest = min(highest, h.Level)
	}
	for _, h := range headings {
		h.Level = min(h.Level-highest+2, before+1, 6)
		before = h.Level
	}
}

func away(n ast.Node) { n.SetAttributeString("rel", []byte("nofollow noopener noreferrer")) }

// wide lets a table that is wider than a phone scroll by itself. Tags in what was written are escaped, so these are the renderer's own.
var wide = strings.NewReplacer("<table>", `<div class="wide" role="region" aria-label="表格" tabindex="0"><table>`, "</table>", "</table></div>")

// rendered is Markdown as HTML.
func rendered(s string) (template.HTML, error) {
	var b bytes.Buffer
	err := markdown.Convert([]byte(s), &b)
	return template.HTML(wide.Replace(b.String())), err //nolint:gosec // goldmark leaves HTML out
}
