#include "runtime/lookup/given_service.h"

#include <algorithm>

namespace braid {

ServiceReply GivenAnswersBook::reply(const ServiceRequest& request) {
  ++asked_;
  ++asked_for_[request.arguments];
  if (clock_ != nullptr) clock_->sleep_us(delay_us_);
  const auto failures = failures_.find(request.arguments);
  if (silent_ || (failures != failures_.end() && failures->second > 0)) {
    if (!silent_) --failures->second;
    return {.kind = ServiceReply::Kind::failed, .record = {}, .reason = "it does not answer", .again = true};
  }
  const auto known = records_.find(request.arguments);
  if (known == records_.end() || known->second.empty())
    return {.kind = ServiceReply::Kind::nothing, .record = {}, .reason = {}};
  return {.kind = ServiceReply::Kind::found, .record = known->second, .reason = {}};
}

int GivenAnswersBook::asked(const std::vector<std::string>& arguments) const {
  const auto known = asked_for_.find(arguments);
  return known == asked_for_.end() ? 0 : known->second;
}

std::vector<ServiceReply> GivenService::ask(std::span<const ServiceRequest> requests) {
  book_.most_at_once_ = std::max(book_.most_at_once_, requests.size());
  std::vector<ServiceReply> replies;
  for (const ServiceRequest& request : requests) replies.push_back(book_.reply(request));
  return replies;
}

}  // namespace braid
