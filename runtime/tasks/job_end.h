// Where the inputs of a job end: a member that reads until all is caught up is done when the whole job is. A member
// that has died still has its tasks, until its session is over and others get them.
//
// The ends are those of the member's start. So they lie before the ends of members that began later, and the one that
// began first does not wait for records that nobody reads any more.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "runtime/base/clock.h"
#include "runtime/base/result.h"
#include "runtime/broker/broker.h"
#include "runtime/connect/topic_source.h"

namespace braid {

class JobEnd {
 public:
  /// Where a partition ends now, and where reading begins if nothing was read of it.
  Status add(const TopicAccess& access, const SourceSpec& source, const TopicPartition& place);
  /// The same of an end that is known.
  void add(const TopicPartition& place, OffsetRange range) { ranges_[place] = range; }
  /// Whether what is committed reaches up to the ends. `reader`: reads none of the partitions. `retry`: the broker does
  /// not say it within a second.
  BrokerResult<bool> is_reached(std::span<const BrokerGroup::Committed> committed, BrokerReader& reader,
                                Clock& clock) const;

 private:
  std::map<TopicPartition, OffsetRange> ranges_;
};

}  // namespace braid
