#include "runtime/connect/service_load/load.h"

#include "runtime/base/own_library.h"
#include "runtime/report/lookup_findings.h"

namespace braid {

namespace {

Result<void*> find_entry(const std::string& kind, const std::string& entry) {
  const std::string library = "libbraid_" + kind + ".so";
  const auto found = find_in_own_library(library, entry.c_str());
  if (found.ok()) return *found;
  const Diagnostic missing = diag::NoServiceClient{.kind = kind, .library = library}.make();
  return Error{ErrorKind::usage, missing.message, missing.code, 0};
}

}  // namespace

Result<MakeServiceClient> load_service_client(const std::string& kind) {
  BRAID_ASSIGN(void* entry, find_entry(kind, "braid_" + kind + "_make_service"));
  return reinterpret_cast<MakeServiceClient (*)()>(entry)();
}

Result<MakeAlertSender> load_alert_sender() {
  BRAID_ASSIGN(void* entry, find_entry("http", "braid_http_make_alert_sender"));
  return reinterpret_cast<MakeAlertSender (*)()>(entry)();
}

Result<MakeEventSender> load_event_sender() {
  BRAID_ASSIGN(void* entry, find_entry("http", "braid_http_make_event_sender"));
  return reinterpret_cast<MakeEventSender (*)()>(entry)();
}

Result<GetDocument> load_get_document() {
  BRAID_ASSIGN(void* entry, find_entry("http", "braid_http_get_document"));
  return reinterpret_cast<GetDocument (*)()>(entry)();
}

Result<PostDocument> load_post_document() {
  BRAID_ASSIGN(void* entry, find_entry("http", "braid_http_post_document"));
  return reinterpret_cast<PostDocument (*)()>(entry)();
}

Result<OpenSqlSession> load_postgres_session() {
  BRAID_ASSIGN(void* entry, find_entry("postgres", "braid_postgres_open_session"));
  return reinterpret_cast<OpenSqlSession (*)()>(entry)();
}

Result<MakeWeb> load_web() {
  BRAID_ASSIGN(void* entry, find_entry("http", "braid_http_make_web"));
  return reinterpret_cast<MakeWeb (*)()>(entry)();
}

}  // namespace braid
