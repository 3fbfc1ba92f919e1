#include "mesh/registry/http_store.h"

#include <algorithm>

#include "mesh/registry/store_errors.h"
#include "runtime/report/registry_findings.h"

namespace braid::mesh {
namespace {

constexpr int kOk = 200, kCreated = 201, kNotFound = 404, kConflict = 409, kPrecondition = 412, kUnprocessable = 422;
constexpr size_t kLongestReason = 400;

/// The first line, as far as it can be shown.
std::string reason_in(const std::string& body) {
  std::string made;
  for (const char c : body.substr(0, std::min(body.find('\n'), kLongestReason)))
    made += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return made;
}

}  // namespace

class HttpStore::HttpTurn : public ObjectStore::Turn {
 public:
  explicit HttpTurn(HttpStore& store) : store_(store) {}
  /// If the server does not hear of it, it ends the turn after a time.
  ~HttpTurn() override {
    (void)store_.ask(WebRequest::Method::remove, "turn/" + store_.turn_, {}, {});
    store_.turn_.clear();
  }

 private:
  HttpStore& store_;
};

HttpStore::HttpStore(std::string address, std::string token, std::unique_ptr<Web> web, Clock& clock, int attempts)
    : address_(std::move(address)), token_(std::move(token)), web_(std::move(web), clock, attempts) {
  while (address_.ends_with('/')) address_.pop_back();
}

Result<HttpStore::Answer> HttpStore::ask(WebRequest::Method method, const std::string& name,
                                         const std::string& condition, const std::string& body) {
  WebRequest request{.method = method, .url = address_ + "/" + name, .body = body};
  if (!token_.empty()) request.headers.push_back("Authorization: Bearer " + token_);
  if (!condition.empty()) request.headers.push_back(condition);
  if (!turn_.empty()) request.headers.push_back("Braid-Turn: " + turn_);
  if (!body.empty()) request.headers.push_back("Content-Type: application/octet-stream");
  Result<Answer> answer = web_.ask([&] { return request; });
  if (!answer.ok()) return unusable(place(), method != WebRequest::Method::get, answer.error().message);
  return answer;
}

Error HttpStore::failed(const Answer& answer, const std::string& name, bool writes) const {
  const std::string said = reason_in(answer.body);
  const std::string reason = fmt::format("status {}{}", answer.status, said.empty() ? "" : ", " + said);
  if (answer.status == 401 || answer.status == 403)
    return error_of(ErrorKind::usage, diag::RegistryLoginRefused{.place = place(), .reason = reason}.make());
  if (answer.status == kUnprocessable)
    return error_of(ErrorKind::usage,
                    diag::RegistryWriteRefused{.place = place(), .object = name, .reason = said}.make());
  return unusable(place(), writes, reason);
}

Error HttpStore::not_here() const {
  return error_of(ErrorKind::usage, diag::CollectWhereItLies{.place = place()}.make());
}

Result<std::optional<std::string>> HttpStore::read(const std::string& name) {
  BRAID_ASSIGN(std::optional<StoredHead> found, read_head(name));
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(std::move(found->content));
}

Result<std::optional<StoredHead>> HttpStore::read_head(const std::string& name) {
  BRAID_ASSIGN(Answer answer, ask(WebRequest::Method::get, name, {}, {}));
  // One that is not served by a Braid is no empty registry.
  if (answer.status == kNotFound && answer.body.starts_with("no such object")) return std::optional<StoredHead>();
  if (answer.status != kOk) return failed(answer, name);
  std::string etag = answer.etag.starts_with("W/") ? answer.etag.substr(2) : answer.etag;
  return std::optional<StoredHead>({.content = std::move(answer.body), .etag = std::move(etag)});
}

Result<bool> HttpStore::put_if_absent(const std::string& name, const std::string& content) {
  BRAID_ASSIGN(const Answer answer, ask(WebRequest::Method::put, name, "If-None-Match: *", content));
  if (answer.status == kCreated) return true;
  if (answer.status == kPrecondition) return false;
  return failed(answer, name, true);
}

Result<bool> HttpStore::swap_head(const std::string& name, const std::optional<std::string>& etag,
                                  const std::string& content) {
  BRAID_ASSIGN(const Answer answer,
               ask(WebRequest::Method::put, name, etag ? "If-Match: " + *etag : "If-None-Match: *", content));
  if (answer.status == kCreated) return true;
  if (answer.status != kPrecondition) return failed(answer, name, true);
  if (!answer.in_doubt) return false;
  // Perhaps it was our own write that came first, and its answer was lost.
  BRAID_ASSIGN(const std::optional<StoredHead> now, read_head(name));
  return now && now->content == content;
}

Result<std::vector<std::string>> HttpStore::list(const std::string& folder) {
  BRAID_ASSIGN(const Answer answer, ask(WebRequest::Method::get, "?list=" + folder, {}, {}));
  if (answer.status != kOk) return failed(answer, folder);
  std::vector<std::string> names;
  for (size_t at = 0; at < answer.body.size();) {
    const size_t end = std::min(answer.body.find('\n', at), answer.body.size());
    if (end > at) names.push_back(answer.body.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

Result<std::vector<std::string>> HttpStore::list_leftovers(const std::string&) {
  return not_here();
}

Status HttpStore::remove(const std::string&) {
  return not_here();
}

Result<std::unique_ptr<ObjectStore::Turn>> HttpStore::take_turn() {
  BRAID_ASSIGN(const Answer answer, ask(WebRequest::Method::post, "turn", {}, {}));
  if (answer.status == kConflict) return std::unique_ptr<Turn>();
  if (answer.status != kCreated || answer.body.size() > kLongestReason) return failed(answer, "turn", true);
  turn_ = reason_in(answer.body);
  return std::unique_ptr<Turn>(std::make_unique<HttpTurn>(*this));
}

}  // namespace braid::mesh
