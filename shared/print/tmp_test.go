package print
import ("testing";"os";"time")
func TestLook(t *testing.T){
 show:=func(name string,m Meta,d Document){ t.Helper(); b,err:=Render(m,d); if err!=nil{t.Fatal(err)}; os.WriteFile("/tmp/pr/"+name+".pdf",b,0o644)}
 os.MkdirAll("/tmp/pr",0o755)
 m:=Meta{Made:time.Date(2026,7,1,0,0,0,0,time.UTC),Demo:false}
 c:=&Certificate{Name:"赵𠅤喆",Sex:"女",Birth:"1985年3月",IDNumber:"510106198503128 829",Unit:"眉山市水利勘测设计研究院",Series:"工程技术人员",Title:"高级工程师",Level:"副高级",Specialty:"水利水电工程",Method:"评审",ReviewBody:"四川省工程技术（水利水电）高级职称评审委员会",ApprovedOn:"2026年6月30日",Document:"川人社职〔2026〕60号",Issuer:"四川省人力资源和社会保障厅",Number:"510000-2026-0001286",QR:"ZP1.k3.510000-2026-0001286.eyJuIjoi6LW18KCFpOWWhiIsInQiOiLpq5jnuqflt6XnqIvluIgifQ.MEUCIQDk3v0yQm3GfH1qk9x8b2Zr7cVn4pTt5uLw6sYdXh"}
 show("cert",m,c)
 m.Demo=true
 show("certdemo",m,c)
}
