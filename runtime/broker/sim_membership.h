// What a SimBroker's group hands to its writer. Internal to the folder.
#pragma once

#include "runtime/broker/sim_protocol.h"

namespace braid {

struct SimMembership : BrokerGroup::Membership {
  SimMember member;
};

}  // namespace braid
