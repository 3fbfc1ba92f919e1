#include "cli/commands/follow.h"

#include "cli/commands/command.h"
#include "cli/serve/http_client.h"
#include "runtime/base/clock.h"
#include "runtime/report/view_findings.h"
#include "serve/http/query.h"

namespace braid::cli {
namespace {

constexpr const char* kLines = "application/x-ndjson";
constexpr int64_t kAskFor = 2'000'000;       ///< that an answer waits for changes
constexpr int64_t kWaitForJob = 60'000'000;  ///< that does not answer
constexpr int64_t kAskAgain = 200'000;

Error error_of(const Diagnostic& finding) {
  return {ErrorKind::usage, finding.message, finding.code, 0};
}

std::string target_of(const Following& following, const std::string& token, const std::string& from) {
  std::string target = "/v1/products/" + serve::percent_encoded(following.product) + "/changes";
  for (const std::string& part : following.key) target += "/" + serve::percent_encoded(part);
  target += fmt::format("?limit={}", following.at_once);
  if (!following.until_caught_up) target += "&wait=2s";
  const auto add = [&](std::string_view name, std::string_view value) {
    target += "&" + serve::percent_encoded(name) + "=" + serve::percent_encoded(value);
  };
  for (const std::string& each : following.where) {
    const size_t equals = std::min(each.find('='), each.size());
    add(each.substr(0, equals), each.substr(std::min(equals + 1, each.size())));
  }
  if (!following.fields.empty()) add("fields", following.fields);
  if (!token.empty())
    add("since", token);
  else if (!from.empty())
    add("from", from);
  return target;
}

}  // namespace

Result<std::string> follow_changes(const Following& following,
                                   const std::function<Result<serve::HttpAddress>()>& address,
                                   const TakeChanges& take) {
  catch_stop_signals();
  Clock& clock = system_clock();
  std::string token = following.flags.since, from = following.flags.from;
  bool has_answered = false;
  int64_t silent_since = clock.steady_us();
  while (!stop_requested()) {
    const Result<serve::HttpAddress> where = address();
    const Result<HttpReply> reply =
        where.ok() ? http_get(*where, target_of(following, token, from), kLines, following.authorization, kAskFor)
                   : Result<HttpReply>(where.error());
    // 429: there is an answer for this reader in a moment.
    const bool is_there = reply.ok() && reply->status != 503 && reply->status != 429;
    if (!is_there) {
      const std::string reason = reply.ok() ? reason_of(*reply) : reply.error().message;
      if (!has_answered && !reply.ok()) return reply.error();
      if (clock.steady_us() - silent_since > kWaitForJob)
        return error_of(
            diag::FollowingEnded{.product = following.product,
                                 .reason = reason + (token.empty() ? "" : "; it goes on with --since " + token)}
                .make());
      clock.sleep_us(kAskAgain);
      continue;
    }
    silent_since = clock.steady_us();
    constexpr int kGone = 410;
    if (reply->status == kGone && following.begins_again) {
      token.clear();
      from = "snapshot";
      continue;
    }
    if (reply->status != 200) {
      const std::string reason = reason_of(*reply);
      return has_answered ? error_of(diag::FollowingEnded{.product = following.product, .reason = reason}.make())
                          : error_of(diag::NotReadable{.product = following.product, .reason = reason}.make());
    }
    has_answered = true;
    token = reply->next;
    BRAID_ASSIGN(const bool goes_on, take(reply->body));
    if (!goes_on || (following.until_caught_up && reply->body.empty())) break;
  }
  return token;
}

}  // namespace braid::cli
