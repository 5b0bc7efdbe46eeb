package serve

import "connectrpc.com/connect"

// domains puts the services of the business together, in the order in which data flows through them.
func (s *Server) domains(opts []connect.HandlerOption) {}
