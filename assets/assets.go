// Package assets embeds the fonts and the code lists. Fonts are under the SIL Open Font License (fonts/OFL.txt); each line of a code list
// says where it comes from and how sure it is (S: stated by its source, A: seen in two, M: from memory of the standard, L: to be checked).
package assets

import "embed"

// The bundled fonts: every page and every window uses these, whatever the machine has.
var (
	//go:embed fonts/ZhipingSansSC-Regular.ttf
	Regular []byte
	//go:embed fonts/ZhipingSansSC-Bold.ttf
	Bold []byte
)

// Catalogues holds the code lists, as catalogues/<name>.csv with the columns code, name, parent, source, confidence.
//
//go:embed catalogues
var Catalogues embed.FS

// Help holds the help of every screen, as help/<key>.md, for a clerk: what the page is for, the steps, what its tabs and buttons mean, what
// happens without a network, the keys, common mistakes. The first line is the title.
//
//go:embed help/*.md
var Help embed.FS

// Rules holds the rule sets (JSON, one file each, never changed once released) and the table of holidays.
//
//go:embed rules
var Rules embed.FS
