#include "runtime/tasks/job_end.h"

#include "runtime/broker/patience.h"
#include "runtime/report/diagnostic.h"

namespace braid {
namespace {

constexpr int64_t kPatience = 30'000'000;
constexpr int64_t kShortly = 1'000'000;

/// Whether a record lies in the range, or marks of transactions alone.
BrokerResult<bool> has_records(const TopicPartition& place, OffsetRange range, BrokerReader& reader, Clock& clock) {
  BrokerStatus failed = reader.start(place, range.begin);
  BrokerResult<bool> found = BrokerError{BrokerFault::retry, "`" + name_of(place) + "` gives no answer"};
  for (const int64_t began = clock.steady_us(); failed.ok() && clock.steady_us() - began < kShortly;) {
    auto fetched = reader.fetch(place, 1);
    if (!fetched.ok() && fetched.error().fault != BrokerFault::retry) failed = fetched.error();
    if (fetched.ok() && fetched->batch != nullptr) {
      found = fetched->batch->records().front().offset < range.end;
      break;
    }
    if (fetched.ok() && fetched->end && *fetched->end >= range.end) {
      found = false;
      break;
    }
    reader.wait(kShortly / 10);
  }
  (void)reader.stop(place);
  if (!failed.ok()) return failed.error();
  return found;
}

}  // namespace

Status JobEnd::add(const TopicAccess& access, const SourceSpec& source, const TopicPartition& place) {
  const BrokerResult<OffsetRange> range =
      ask_patiently(*access.clock, access.stop_requested, [&] { return access.broker->offsets(place, kPatience); });
  if (!range.ok()) return Error(range.error());
  const Result<int64_t> begin = first_offset(access, source, place);
  // A job that has begun may have read what is not there any more.
  if (!begin.ok() && begin.error().code != diag::StartOutside::kCode) return begin.error();
  ranges_[place] = {begin.ok() ? *begin : range->begin, range->end};
  return {};
}

BrokerResult<bool> JobEnd::is_reached(std::span<const BrokerGroup::Committed> committed, BrokerReader& reader,
                                      Clock& clock) const {
  for (const BrokerGroup::Committed& each : committed) {
    OffsetRange rest = ranges_.at(each.place);
    if (each.offset) rest.begin = *each.offset;
    if (rest.begin >= rest.end) continue;
    const BrokerResult<bool> more = has_records(each.place, rest, reader, clock);
    if (!more.ok()) return more;
    if (*more) return false;
  }
  return true;
}

}  // namespace braid
