#include "mesh/registry/patient_web.h"

#include <algorithm>

#include "runtime/data/time_text.h"

namespace braid::mesh {
namespace {

constexpr int64_t kFirstPauseUs = 100'000, kLongestPauseUs = 5'000'000;

bool may_pass(int status) {
  return status == 408 || status == 429 || status >= 500;
}

}  // namespace

Result<PatientWeb::Answer> PatientWeb::ask(const std::function<WebRequest()>& make) {
  bool in_doubt = false;
  int64_t pause_us = kFirstPauseUs;
  for (int attempt = 1;; ++attempt) {
    Result<WebAnswer> answer = web_->ask(make());
    const bool again = !answer.ok() || (may_pass(answer->status) && answer->status != 501);
    if (!again || attempt >= attempts_) {
      if (!answer.ok()) return answer.error();
      Answer made;
      static_cast<WebAnswer&>(made) = std::move(*answer);
      made.in_doubt = in_doubt;
      return made;
    }
    in_doubt = true;
    const int64_t named_us = answer.ok() ? answer->retry_after_us.value_or(0) : 0;
    clock_.sleep_us(std::clamp(named_us, pause_us, kLongestPauseUs));
    pause_us = std::min(pause_us * 2, kLongestPauseUs);
  }
}

std::optional<int64_t> parse_http_date(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr size_t kLength = std::string_view("Fri, 24 May 2013 00:00:00 GMT").size();
  if (text.size() != kLength || !text.ends_with(" GMT")) return std::nullopt;
  const size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  const std::string written =
      fmt::format("{}-{:02}-{}T{}Z", text.substr(12, 4), month / 3 + 1, text.substr(5, 2), text.substr(17, 8));
  int64_t us = 0;
  if (!parse_timestamp(written, &us)) return std::nullopt;
  return us;
}

}  // namespace braid::mesh
