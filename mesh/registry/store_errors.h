// What whoever reads and writes a registry says when its store fails, or holds what nobody has written (E7200 to
// E7202).
#pragma once

#include <string>

#include "mesh/registry/object_store.h"
#include "runtime/base/result.h"
#include "runtime/report/diagnostic.h"

namespace braid::mesh {

Error error_of(ErrorKind kind, const Diagnostic& finding, int system_error = 0);
Error unreadable(const ObjectStore& store, const Error& error);
Error unwritable(const ObjectStore& store, const Error& error);
/// The same of a server, which has no error of the operating system.
Error unusable(const std::string& place, bool writes, const std::string& reason);
Error damaged(const ObjectStore& store, const std::string& object, std::string reason);

}  // namespace braid::mesh
