#include "runtime/base/check.h"
#include "runtime/operators/as_of_join.h"
#include "runtime/operators/emit.h"
#include "runtime/operators/in_order.h"
#include "runtime/operators/in_windows.h"
#include "runtime/operators/instants.h"
#include "runtime/operators/interval_join.h"
#include "runtime/operators/latest.h"
#include "runtime/operators/lookup.h"
#include "runtime/operators/match.h"
#include "runtime/operators/moves.h"
#include "runtime/operators/net.h"
#include "runtime/operators/port.h"
#include "runtime/operators/reference_join.h"
#include "runtime/operators/retime.h"
#include "runtime/operators/rows.h"
#include "runtime/operators/running.h"
#include "runtime/operators/session_group.h"
#include "runtime/operators/sharded.h"
#include "runtime/operators/table_group.h"
#include "runtime/operators/table_join.h"
#include "runtime/operators/table_lookup.h"
#include "runtime/operators/table_top.h"
#include "runtime/operators/ticks.h"
#include "runtime/operators/unique.h"
#include "runtime/operators/unnest.h"
#include "runtime/operators/window_group.h"

namespace braid {
namespace {

Result<std::unique_ptr<OperatorNode>> make_one(const Services& services) {
  using Made = std::unique_ptr<OperatorNode>;
  struct Maker {
    const Services& services;
    Result<Made> operator()(const SourceOperator&) { return Made(); }
    Result<Made> operator()(const TickOperator&) { return Made(std::make_unique<TickNode>(services)); }
    Result<Made> operator()(const RowsOperator&) { return Made(std::make_unique<RowsNode>(services)); }
    Result<Made> operator()(const UnionOperator&) { return Made(std::make_unique<UnionNode>(services)); }
    Result<Made> operator()(const ReferenceJoinOperator& join) {
      if (!join.shape.table_key.empty()) return Made(std::make_unique<ReferenceIndexNode>(services));
      return Made(std::make_unique<ReferenceJoinNode>(services));
    }
    Result<Made> operator()(const AsOfJoinOperator& join) {
      if (!join.shape.table_key.empty()) return Made(std::make_unique<AsOfJoinNode<VersionIndex>>(services));
      return Made(std::make_unique<AsOfJoinNode<Versions>>(services));
    }
    Result<Made> operator()(const IntervalJoinOperator&) { return Made(std::make_unique<IntervalJoinNode>(services)); }
    Result<Made> operator()(const GroupOperator& group) {
      if (group.window.gap_us > 0) return Made(std::make_unique<SessionGroupNode>(services));
      if (!group.windowed) return Made(std::make_unique<TableGroupNode>(services));
      return WindowGroupNode::make(services);
    }
    Result<Made> operator()(const TopOperator& top) {
      const bool windows = top.group.windowed || top.group.window.gap_us > 0;
      return windows ? (*this)(top.group) : Made(std::make_unique<TableTopNode>(services));
    }
    Result<Made> operator()(const RunningOperator&) { return Made(std::make_unique<RunningNode>(services)); }
    Result<Made> operator()(const LatestOperator&) { return Made(std::make_unique<LatestNode>(services)); }
    Result<Made> operator()(const MovesOperator&) { return Made(std::make_unique<MovesNode>(services)); }
    Result<Made> operator()(const TableJoinOperator&) { return Made(std::make_unique<TableJoinNode>(services)); }
    Result<Made> operator()(const EmitOperator&) { return Made(std::make_unique<EmitNode>(services)); }
    Result<Made> operator()(const InstantsOperator&) { return Made(std::make_unique<InstantsNode>(services)); }
    Result<Made> operator()(const NetOperator&) { return Made(std::make_unique<NetNode>(services)); }
    Result<Made> operator()(const UnnestOperator&) { return Made(std::make_unique<UnnestNode>(services)); }
    Result<Made> operator()(const LookupOperator& lookup) {
      return lookup.retracted ? Made(std::make_unique<TableLookupNode>(services))
                              : Made(std::make_unique<LookupNode>(services));
    }
    Result<Made> operator()(const InWindowsOperator&) { return InWindowsNode::make(services); }
    Result<Made> operator()(const InOrderOperator&) { return Made(std::make_unique<InOrderNode>(services)); }
    Result<Made> operator()(const RetimeOperator&) { return Made(std::make_unique<RetimeNode>(services)); }
    Result<Made> operator()(const UniqueOperator&) { return Made(std::make_unique<UniqueNode>(services)); }
    Result<Made> operator()(const MatchOperator&) { return Made(std::make_unique<MatchNode>(services)); }
    Result<Made> operator()(const AlertOperator&) { return Made(std::make_unique<AlertNode>(services)); }
    Result<Made> operator()(const PublishOperator&) { return Made(std::make_unique<PublishNode>(services)); }
    Result<Made> operator()(const PortOperator&) { return Made(std::make_unique<PortNode>(services)); }
    Result<Made> operator()(const SendOperator&) { return Made(std::make_unique<SendNode>(services)); }
  };
  return std::visit(Maker{services}, services.program.operators[services.index].content);
}

}  // namespace

Result<std::unique_ptr<OperatorNode>> make_operator(const Services& services) {
  if (services.workers > 1 && ShardedOperator::can_share(services.program.operators[services.index]))
    return ShardedOperator::make(services, make_one);
  return make_one(services);
}

}  // namespace braid
