package theme

import (
	"encoding/json"
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
)

// words are what Fyne's own dialogs and menus say, in Chinese.
var words = map[string]any{
	"Advanced": "高级", "Cancel": "取消", "Close": "关闭", "Confirm": "请确认", "Copy": "复制", "Create Folder": "新建文件夹", "Cut": "剪切",
	"Enter filename": "输入文件名", "Error": "提示", "Favourites": "常用位置", "File": "文件", "Folder": "文件夹", "New Folder": "新文件夹",
	"No": "否", "OK": "确定", "Open": "打开", "Paste": "粘贴", "Quit": "退出", "Redo": "重做", "Save": "保存", "Select all": "全选",
	"Show Hidden Files": "显示隐藏的文件", "Undo": "撤销", "Yes": "是", "(Select one)": "请选择",
	"file.name": map[string]string{"other": "名称"}, "file.parent": map[string]string{"other": "上一级"},
	"monday": "星期一", "monday.short": "一", "tuesday": "星期二", "tuesday.short": "二", "wednesday": "星期三", "wednesday.short": "三",
	"thursday": "星期四", "thursday.short": "四", "friday": "星期五", "friday.short": "五", "saturday": "星期六", "saturday.short": "六",
	"sunday": "星期日", "sunday.short": "日",
}

// Speak makes Fyne's own words Chinese whatever language the system is set to: an English Windows in an office is no reason for "Cancel".
// It is called once, before the first window.
func Speak() error {
	b, err := json.Marshal(words)
	if err != nil {
		return err
	}
	var all []error
	for _, l := range []fyne.Locale{"en", "zh", "zh-Hans"} {
		all = append(all, lang.AddTranslationsForLocale(b, l))
	}
	return errors.Join(all...)
}
