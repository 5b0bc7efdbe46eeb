package ballot

import "zhiping/shared/fault"

// ServerOf picks, of a server's public keys (hex), the one that signed the package which a record or a package file begins with: a server changes the
// key that it signs with, and what an earlier key has signed stays good until that key is retired. The key it returns is the one to verify with.
func ServerOf(file []byte, keys []string) (string, error) {
	object := file
	if e, err := ParseEvidence(file); err == nil {
		object = e.Log[0]
	} else if _, _, bad := split(file); bad != nil {
		return "", err
	}
	for _, k := range keys {
		if signedBy(object, holder{RoleServer, []string{k}}) {
			return k, nil
		}
	}
	return "", fault.New(fault.Invalid, "会议包不是由本服务器签发的，或签发它的密钥已停用，请核对文件")
}
