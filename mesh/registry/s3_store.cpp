#include "mesh/registry/s3_store.h"

#include <algorithm>

#include "mesh/registry/store_errors.h"
#include "runtime/report/registry_findings.h"

namespace braid::mesh {
namespace {

constexpr int64_t kHourUs = 3'600'000'000, kSettledUs = 24 * kHourUs, kRenewUs = 12 * kHourUs;
constexpr int kOk = 200, kCreated = 201, kNoContent = 204, kNotFound = 404, kConflict = 409, kPrecondition = 412;
const std::string kProbe = "conditional-writes";

/// Of the first element of that name from `at` on, which is moved behind it; its text stays escaped.
std::optional<std::string_view> element(std::string_view xml, std::string_view name, size_t& at) {
  const std::string begin = fmt::format("<{}>", name), end = fmt::format("</{}>", name);
  const size_t from = xml.find(begin, at);
  if (from == std::string_view::npos) return std::nullopt;
  const size_t to = xml.find(end, from);
  if (to == std::string_view::npos) return std::nullopt;
  at = to + end.size();
  return xml.substr(from + begin.size(), to - from - begin.size());
}

std::string unescaped(std::string_view text) {
  constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&#39;", '\''}, {"&#34;", '"'}};
  std::string made;
  for (size_t at = 0; at < text.size();) {
    const auto known =
        std::ranges::find_if(kEntities, [&](const auto& one) { return text.substr(at).starts_with(one.first); });
    made += known == std::end(kEntities) ? text[at] : known->second;
    at += known == std::end(kEntities) ? 1 : known->first.size();
  }
  return made;
}

/// How long ago the object was written, by the server's clock alone.
std::optional<int64_t> age_of(const WebAnswer& answer) {
  const auto now = parse_http_date(answer.date), written = parse_http_date(answer.last_modified);
  if (!now || !written) return std::nullopt;
  return *now - *written;
}

/// As the header `Host` has it: without the port that the scheme has anyway.
std::string host_of(const std::string& endpoint) {
  const size_t at = endpoint.find("://");
  std::string host = at == std::string::npos ? endpoint : endpoint.substr(at + 3);
  const std::string_view usual = endpoint.starts_with("https:") ? ":443" : ":80";
  if (host.ends_with(usual)) host.resize(host.size() - usual.size());
  return host;
}

}  // namespace

S3Store::S3Store(S3Place place, std::unique_ptr<Web> web, Clock& clock, int attempts)
    : place_(std::move(place)), host_(host_of(place_.endpoint)), web_(std::move(web), clock, attempts), clock_(clock) {}

std::string S3Store::place() const {
  return "s3://" + place_.bucket + (place_.prefix.empty() ? "" : "/" + place_.prefix);
}

Error S3Store::failed(const Answer& answer, bool writes) const {
  size_t at = 0;
  const auto code = element(answer.body, "Code", at);
  const std::string reason = fmt::format("status {}{}", answer.status, code ? ", " + std::string(*code) : "");
  if (answer.status == 401 || answer.status == 403)
    return error_of(ErrorKind::usage, diag::RegistryLoginRefused{.place = place(), .reason = reason}.make());
  return unusable(place(), writes, reason);
}

Result<S3Store::Answer> S3Store::ask(const std::string& method, const std::string& key,
                                     const std::map<std::string, std::string>& query,
                                     const std::map<std::string, std::string>& conditions, const std::string& body) {
  const std::string path = "/" + place_.bucket + (key.empty() ? "" : "/" + key);
  const std::string asked = aws_query(query);
  std::map<std::string, std::string> headers = conditions;
  if (method == "PUT") headers["content-type"] = "application/octet-stream";
  WebRequest request{.url = place_.endpoint + aws_escaped(path, true) + (asked.empty() ? "" : "?" + asked),
                     .body = body};
  if (method == "PUT") request.method = WebRequest::Method::put;
  if (method == "DELETE") request.method = WebRequest::Method::remove;
  Result<Answer> answer = web_.ask([&] {
    request.headers = signed_headers(
        {.method = method, .host = host_, .path = path, .query = query, .headers = headers, .body = body}, place_.key,
        place_.region, clock_.now_us());
    return request;
  });
  if (!answer.ok()) return unusable(place(), method != "GET", answer.error().message);
  return answer;
}

Result<S3Store::Answer> S3Store::put(const std::string& name, const std::map<std::string, std::string>& conditions,
                                     const std::string& body) {
  // Another conditional write of the name is under way: which one is first is decided when it is over.
  constexpr int kMostConflicts = 20;
  constexpr int64_t kPauseUs = 50'000;
  bool in_doubt = false;
  for (int conflicts = 0;; ++conflicts) {
    BRAID_ASSIGN(Answer answer, ask("PUT", key_of(name), {}, conditions, body));
    in_doubt |= answer.in_doubt;
    answer.in_doubt = in_doubt;
    if (answer.status != kConflict || conflicts == kMostConflicts) return answer;
    clock_.sleep_us(kPauseUs);
  }
}

Result<std::optional<std::string>> S3Store::read(const std::string& name) {
  BRAID_ASSIGN(std::optional<StoredHead> found, read_head(name));
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(std::move(found->content));
}

Result<std::optional<StoredHead>> S3Store::read_head(const std::string& name) {
  BRAID_ASSIGN(Answer answer, get(name));
  if (answer.status == kNotFound) {
    // A bucket that is not there is no empty registry.
    if (answer.body.find("NoSuchBucket") != std::string::npos) return failed(answer);
    return std::optional<StoredHead>();
  }
  if (answer.status != kOk) return failed(answer);
  return std::optional<StoredHead>({.content = std::move(answer.body), .etag = std::move(answer.etag)});
}

Result<bool> S3Store::put_if_absent(const std::string& name, const std::string& content) {
  BRAID_ASSIGN(const Answer answer, put(name, {{"if-none-match", "*"}}, content));
  if (answer.status == kOk || answer.status == kCreated) return true;
  if (answer.status != kPrecondition) return failed(answer, true);
  BRAID_ASSIGN(const Answer there, get(name));
  const std::optional<int64_t> age = age_of(there);
  if (there.status == kOk && age && *age < kRenewUs) return false;
  BRAID_ASSIGN(const Answer renewed, put(name, {}, content));
  if (renewed.status != kOk && renewed.status != kCreated) return failed(renewed, true);
  return false;
}

Status S3Store::check_conditions() {
  if (keeps_conditions_) return {};
  const auto refused = [&](const std::map<std::string, std::string>& conditions) -> Result<bool> {
    BRAID_ASSIGN(const Answer answer, put(kProbe, conditions, "asks whether conditional writes are kept\n"));
    if (answer.status == kPrecondition || (answer.status == kNotFound && conditions.contains("if-match"))) return true;
    if (answer.status == kOk || answer.status == kCreated || answer.status == 501) return false;
    return failed(answer, true);
  };
  BRAID_ASSIGN(bool kept, refused({{"if-none-match", "*"}}));
  // It was not there, and is now.
  if (!kept) {
    BRAID_ASSIGN(kept, refused({{"if-none-match", "*"}}));
  }
  if (kept) {
    BRAID_ASSIGN(kept, refused({{"if-match", "\"00000000000000000000000000000000\""}}));
  }
  if (!kept) return error_of(ErrorKind::usage, diag::WritesNotConditional{.place = place()}.make());
  keeps_conditions_ = true;
  return {};
}

Result<bool> S3Store::swap_head(const std::string& name, const std::optional<std::string>& etag,
                                const std::string& content) {
  BRAID_TRY(check_conditions());
  BRAID_ASSIGN(
      const Answer answer,
      put(name, {etag ? std::pair("if-match", *etag) : std::pair("if-none-match", std::string("*"))}, content));
  if (answer.status == kOk || answer.status == kCreated) return true;
  const bool lost = answer.status == kPrecondition || answer.status == kConflict ||
                    (answer.status == kNotFound && etag && answer.body.find("NoSuchKey") != std::string::npos);
  if (!lost) return failed(answer, true);
  if (!answer.in_doubt) return false;
  // Perhaps it was our own write that came first, and its answer was lost.
  BRAID_ASSIGN(const std::optional<StoredHead> now, read_head(name));
  return now && now->content == content;
}

Result<std::vector<std::string>> S3Store::list(const std::string& folder) {
  const std::string before = key_of("");
  std::vector<std::string> names;
  std::map<std::string, std::string> query{{"list-type", "2"}, {"prefix", key_of(folder) + "/"}};
  while (true) {
    BRAID_ASSIGN(const Answer answer, ask("GET", "", query, {}, {}));
    if (answer.status != kOk) return failed(answer);
    size_t at = 0;
    while (const auto key = element(answer.body, "Key", at)) {
      const std::string whole = unescaped(*key);
      if (whole.starts_with(before)) names.push_back(whole.substr(before.size()));
    }
    at = 0;
    const auto next = element(answer.body, "NextContinuationToken", at);
    if (!next || next->empty()) break;
    std::string token = unescaped(*next);
    if (query["continuation-token"] == token) return unusable(place(), false, "its list of names does not go on");
    query["continuation-token"] = std::move(token);
  }
  std::ranges::sort(names);
  return names;
}

Status S3Store::remove(const std::string& name) {
  BRAID_ASSIGN(const Answer answer, ask("DELETE", key_of(name), {}, {}, {}));
  if (answer.status == kOk || answer.status == kNoContent || answer.status == kNotFound) return {};
  return failed(answer, true);
}

Result<bool> S3Store::is_settled(const std::string& name) {
  BRAID_ASSIGN(const Answer there, get(name));
  if (there.status == kNotFound) return true;
  if (there.status != kOk) return failed(there);
  const std::optional<int64_t> age = age_of(there);
  return age && *age >= kSettledUs;
}

}  // namespace braid::mesh
