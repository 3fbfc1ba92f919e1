// Joins by full scan: for each left row every right row is looked at, long after both have come.
#include <algorithm>
#include <set>

#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"
#include "tests/reference/run.h"

namespace braid::reference {

Run::Rows Run::join(int index, const plan::JoinNode& node) {
  if (node.step.kind != typed::JoinKind::interval) return join_table(index, node.step);
  if (node.step.yield != typed::JoinYield::matches) return join_exists(index, node.step);
  return node.step.nearest ? join_nearest(index, node.step) : join_interval(index, node.step);
}

std::vector<Run::Keyed> Run::keyed(int index, const std::vector<typed::ExpressionRef>& keys, int which,
                                   const Rows& rows) {
  const std::vector<Field>& fields = row_of(input_of(index, which));
  const auto* join = std::get_if<plan::JoinNode>(&plan_.nodes[index].content);  // null: of two tables
  std::vector<Keyed> made;
  for (const Row& row : rows) {
    std::vector<Slot> slots;
    const interpret::Failure failure = compute_all(keys, fields, row, slots);
    if (failure.code != 0) {
      reject(index, which == 0 ? 1 : 0, row, failure);
      continue;
    }
    std::optional<int64_t> end;
    if (which == 0 && join != nullptr && join->step.upper) {
      Slot upper;
      const interpret::Failure failed = compute(join->step.upper, fields, row.slots, row, &upper);
      if (failed.code != 0) {
        reject(index, 1, row, failed);
        continue;
      }
      end = upper.i64;
    }
    std::optional<std::string> bytes = std::string();
    const Slot* at = slots.data();
    for (const typed::ExpressionRef& key : keys) {
      if (!bytes) break;
      const Slot* value = is_optional(key->type) ? at + 1 : at;
      if (is_optional(key->type) && at->u8 == 0)
        bytes = std::nullopt;
      else
        append_key_bytes(without_optional(key->type), value, *bytes);
      at += leaf_count(key->type);
    }
    const int deleted = plan::deleted_column(fields);
    made.push_back({&row, bytes, deleted >= 0 && row.slots.back().u8 != 0, end});
  }
  return made;
}

Run::Match Run::residual(int index, const typed::JoinStep& step, const Row& left, const Row& right,
                         interpret::Failure& failure) {
  if (!step.residual) return Match::yes;
  std::vector<Field> fields = row_of(input_of(index, 0));
  const std::vector<Field> right_fields = plan::joined_fields(row_of(input_of(index, 1)));
  fields.push_back({step.alias, struct_type(right_fields)});
  std::vector<Slot> slots = left.slots;
  slots.insert(slots.end(), right.slots.begin(), right.slots.begin() + static_cast<long>(flatten(right_fields).size()));
  Slot holds;
  failure = compute(step.residual, fields, slots, left, &holds);
  if (failure.code != 0) return Match::failed;
  return holds.u8 != 0 ? Match::yes : Match::no;
}

Row Run::joined(int index, const typed::JoinStep& step, const Row& left, const Row* right) const {
  Row made = left;
  if (step.left) made.slots.push_back(slot_u8(right != nullptr));
  const size_t leaves = flatten(plan::joined_fields(row_of(input_of(index, 1)))).size();
  if (right)
    made.slots.insert(made.slots.end(), right->slots.begin(), right->slots.begin() + static_cast<long>(leaves));
  else
    made.slots.insert(made.slots.end(), leaves, slot_i128(0));
  return made;
}

void Run::leave_unmatched(int index, const typed::JoinStep& step, const Row& left) {
  leave(index, 1, left, Kind::unmatched, step.port.empty() ? "unmatched" : step.port,
        step.port.empty() ? diag::UnmatchedRow::kCode : 0);
}

std::vector<int64_t> Run::watermarks_of(int node) const {
  if (const auto source = watermarks_.find(node); source != watermarks_.end()) return source->second;
  std::vector<int64_t> least(input_.steps.size(), kAfterAll);
  for (const int input : plan_.nodes[node].inputs) {
    const std::vector<int64_t> of_input = watermarks_of(input);
    for (size_t step = 0; step < least.size(); ++step) least[step] = std::min(least[step], of_input[step]);
  }
  return least;
}

std::optional<size_t> Run::leaves_early(int index, const typed::JoinStep& step, const Row& left) const {
  if (!step.wait_us || input_.steps.empty()) return std::nullopt;
  BRAID_CHECK(left.arrival, "the oracle knows no arrival of rows that were made");
  const std::vector<int64_t> table = watermarks_of(input_of(index, 1));
  const size_t arrival = *left.arrival;
  if (arrival > 0 && left.time < table[arrival - 1]) return std::nullopt;
  for (size_t at = arrival; at < table.size() && left.time >= table[at]; ++at)
    if (input_.steps[at].lets_go && input_.steps[at].wall - input_.steps[arrival].wall >= *step.wait_us) return at;
  return std::nullopt;
}

/// With a table: the version valid at the row's time; of a static one, the last row.
Run::Rows Run::join_table(int index, const typed::JoinStep& step) {
  const int table = input_of(index, 1);
  if (step.latest && plan::retracted_column(row_of(table)) >= 0) return join_latest(index, step, table);
  if (!making_of(table).beginnings.empty()) return join_history(index, step, table);
  const bool versioned = step.kind == typed::JoinKind::as_of;
  const std::vector<Keyed> lefts = keyed(index, step.left_keys, 0);
  const std::vector<Keyed> rights = keyed(index, step.right_keys, 1);
  struct Version {
    int64_t from;
    const Keyed* right;
  };
  auto before = [](const Version& a, const Version& b) {
    return std::tie(a.from, a.right->row->place) < std::tie(b.from, b.right->row->place);
  };
  std::map<std::string, std::vector<Version>> tables;
  for (const Keyed& right : rights) {
    const int64_t from = versioned ? std::max(right.row->time, right.row->watermark) : 0;
    tables[right.row->table_key].push_back({from, &right});
  }
  for (auto& [key, versions] : tables) std::stable_sort(versions.begin(), versions.end(), before);
  for (const auto& [key, versions] : tables)
    for (const Version& version : versions) {
      const bool replaced = !versioned && !version.right->deletes && &version != &versions.back();
      outcome_.settle(plan_.nodes[index].products, index, 0, version.right->row->cause,
                      replaced ? Kind::duplicate : Kind::used);
    }
  Rows out;
  for (const Keyed& left : lefts) {
    if (versioned && !step.latest && late(*left.row)) {
      leave(index, 1, *left.row, Kind::late, "late", diag::LateRow::kCode);
      continue;
    }
    std::optional<Version> met;
    const std::optional<size_t> early = left.key ? leaves_early(index, step, *left.row) : std::nullopt;
    if (early) outcome_.early(plan_.nodes[index].products, left.row->cause);
    std::vector<const Row*> all;  // the valid row of each key that matches, by the bytes of the key
    if (left.key)
      for (const auto& [key, versions] : tables) {
        std::optional<Version> valid;
        for (const Version& version : versions) {
          const bool latest = versioned && step.latest;
          BRAID_CHECK(!latest || (left.row->arrival && !input_.steps.empty()), "the oracle knows no arrival");
          const std::optional<size_t> known = latest ? left.row->arrival : early;
          if (known && version.right->row->arrival > known) continue;  // nobody knows it yet
          if (!versioned || latest || version.from <= left.row->time) valid = version;
        }
        if (!valid || valid->right->deletes || valid->right->key != left.key) continue;
        const bool old =
            step.max_age_us && static_cast<int128>(left.row->time) - valid->right->row->time > *step.max_age_us;
        if (!old) all.push_back(valid->right->row);
        if (!met || before(*met, *valid)) met = valid;
      }
    if (typed::by_index(step)) {
      join_all(index, step, *left.row, all, out);
      continue;
    }
    if (met && step.max_age_us && static_cast<int128>(left.row->time) - met->right->row->time > *step.max_age_us)
      met.reset();
    settle_met(index, step, *left.row, met ? met->right->row : nullptr, out);
  }
  return out;
}

void Run::join_all(int index, const typed::JoinStep& step, const Row& left, const std::vector<const Row*>& rights,
                   Rows& out) {
  const std::vector<int>& products = plan_.nodes[index].products;
  const bool pairs = step.yield == typed::JoinYield::matches;
  bool met = false;
  std::optional<interpret::Failure> rejection;
  auto make = [&](const Row* right) {
    Row made = joined(index, step, left, right);
    made.cause.made = true;
    outcome_.make(products);
    out.push_back(std::move(made));
  };
  int64_t number = 0;
  for (const Row* right : rights) {
    interpret::Failure failure;
    const Match match = residual(index, step, left, *right, failure);
    if (match == Match::no) continue;
    if (match == Match::failed && !rejection) rejection = failure;
    met |= match == Match::yes || pairs;
    if (!pairs) continue;
    if (match == Match::yes) {
      make(right);
      out.back().add_number(number++);
      continue;
    }
    // The pair is what was rejected; its left record is settled by itself.
    Row failed = left;
    failed.cause.made = true;
    outcome_.make(products);
    reject(index, 1, failed, failure);
  }
  if (!pairs) {
    if (rejection)
      reject(index, 1, left, *rejection);
    else
      settle_exists(index, step, left, met, out);
  } else if (met || step.left) {
    outcome_.settle(products, index, 1, left.cause, Kind::used);
    if (!met) make(nullptr);
  } else {
    leave_unmatched(index, step, left);
  }
}

void Run::settle_met(int index, const typed::JoinStep& step, const Row& left, const Row* right, Rows& out) {
  interpret::Failure failure;
  if (right != nullptr) {
    const Match match = residual(index, step, left, *right, failure);
    if (match == Match::failed) return reject(index, 1, left, failure);
    if (match == Match::no) right = nullptr;
  }
  if (step.yield != typed::JoinYield::matches)
    settle_exists(index, step, left, right != nullptr, out);
  else if (right != nullptr || step.left)
    out.push_back(joined(index, step, left, right));
  else
    leave_unmatched(index, step, left);
}

void Run::settle_exists(int index, const typed::JoinStep& step, const Row& left, bool met, Rows& out) {
  const bool semi = step.yield == typed::JoinYield::semi;
  if (met == semi)
    out.push_back(joined(index, step, left, nullptr));
  else if (semi)
    leave_unmatched(index, step, left);
  else
    leave(index, 1, left, Kind::filtered, step.port, 0);
}

namespace {

/// `end`: what the left row computes.
bool within(const typed::JoinStep& step, const Row& left, std::optional<int64_t> end, const Row& right) {
  const int128 distance = static_cast<int128>(right.time) - left.time;
  if (end && distance > *end) return false;
  if (!step.lower_us && !step.upper_us) {
    const int64_t retain = step.retain_us.value_or(typed::kForever);
    return retain == typed::kForever || (distance >= -static_cast<int128>(retain) && distance <= retain);
  }
  return (!step.lower_us || distance >= *step.lower_us) && (!step.upper_us || distance <= *step.upper_us);
}

}  // namespace

/// Late ones leave, the others are settled.
std::vector<Run::Keyed> Run::rights_in_time(int index, const typed::JoinStep& step) {
  std::vector<Keyed> rights;
  for (const Keyed& right : keyed(index, step.right_keys, 1)) {
    if (late(*right.row)) {
      leave(index, 0, *right.row, Kind::late, "late", diag::LateRow::kCode);
      continue;
    }
    outcome_.settle(plan_.nodes[index].products, index, 0, right.row->cause, Kind::used);
    rights.push_back(right);
  }
  return rights;
}

/// Each pair is a row; a row that is in none is settled once, a right one where the join keeps it.
Run::Rows Run::join_interval(int index, const typed::JoinStep& step) {
  const std::vector<int>& products = plan_.nodes[index].products;
  const std::vector<Keyed> lefts = keyed(index, step.left_keys, 0);
  const std::vector<Keyed> rights = rights_in_time(index, step);
  std::set<const Row*> met_rights;
  Rows out;
  auto make = [&](const Row& left, const Row* right) {
    Row made = joined(index, step, left, right);
    if (right) {
      made.time = std::max(left.time, right->time);
      made.watermark = std::min(left.watermark, right->watermark);
      std::vector<int64_t> met{right->time};
      met.insert(met.end(), right->place.begin(), right->place.end());
      made.place.insert(made.place.begin() + made.of_record + made.met, met.begin(), met.end());
      made.met += static_cast<std::ptrdiff_t>(met.size());
    }
    made.cause.made = true;
    return made;
  };
  for (const Keyed& left : lefts) {
    if (late(*left.row)) {
      leave(index, 1, *left.row, Kind::late, "late", diag::LateRow::kCode);
      continue;
    }
    bool matched = false;
    for (const Keyed& right : rights) {
      if (!left.key || left.key != right.key || !within(step, *left.row, left.end, *right.row)) continue;
      interpret::Failure failure;
      const Match match = residual(index, step, *left.row, *right.row, failure);
      if (match == Match::no) continue;
      matched = true;
      met_rights.insert(right.row);
      outcome_.make(products);
      Row pair = make(*left.row, right.row);
      if (match == Match::yes) {
        out.push_back(std::move(pair));
        continue;
      }
      // The pair is what was rejected; its left record is settled by itself.
      Row failed = *left.row;
      failed.cause.made = true;
      reject(index, 1, failed, failure);
    }
    if (matched) {
      outcome_.settle(products, index, 1, left.row->cause, Kind::used);
    } else if (step.left) {
      outcome_.settle(products, index, 1, left.row->cause, Kind::used);
      outcome_.make(products);
      out.push_back(make(*left.row, nullptr));
    } else {
      leave_unmatched(index, step, *left.row);
    }
  }
  if (!step.right) return out;
  const size_t left_leaves = flatten(row_of(input_of(index, 0))).size();
  for (const Keyed& right : rights) {
    if (met_rights.count(right.row) > 0) continue;
    outcome_.make(products);
    Row nobody;
    nobody.slots.assign(left_leaves, slot_i128(0));
    Row alone = *right.row;
    alone.slots = joined(index, step, nobody, right.row).slots;
    alone.cause.made = true;
    out.push_back(std::move(alone));
  }
  return out;
}

/// Each left row at most once; which of its matches is the first makes no difference. The first condition to fail, by
/// time and place, rejects it.
Run::Rows Run::join_exists(int index, const typed::JoinStep& step) {
  const std::vector<Keyed> lefts = keyed(index, step.left_keys, 0);
  std::vector<Keyed> rights = rights_in_time(index, step);
  std::stable_sort(rights.begin(), rights.end(), [](const Keyed& a, const Keyed& b) {
    return std::tie(a.row->time, a.row->place) < std::tie(b.row->time, b.row->place);
  });
  Rows out;
  for (const Keyed& left : lefts) {
    if (late(*left.row)) {
      leave(index, 1, *left.row, Kind::late, "late", diag::LateRow::kCode);
      continue;
    }
    bool met = false;
    std::optional<interpret::Failure> rejection;
    for (const Keyed& right : rights) {
      if (!left.key || left.key != right.key || !within(step, *left.row, left.end, *right.row)) continue;
      interpret::Failure failure;
      const Match match = residual(index, step, *left.row, *right.row, failure);
      if (match == Match::failed && !rejection) rejection = failure;
      met |= match == Match::yes;
    }
    if (rejection)
      reject(index, 1, *left.row, *rejection);
    else
      settle_exists(index, step, *left.row, met, out);
  }
  return out;
}

/// One to one: the match nearest in time, of two as near the earlier, of one instant the first by place.
Run::Rows Run::join_nearest(int index, const typed::JoinStep& step) {
  const std::vector<Keyed> lefts = keyed(index, step.left_keys, 0);
  std::vector<Keyed> rights = rights_in_time(index, step);
  std::stable_sort(rights.begin(), rights.end(), [](const Keyed& a, const Keyed& b) {
    return std::tie(a.row->time, a.row->place) < std::tie(b.row->time, b.row->place);
  });
  Rows out;
  for (const Keyed& left : lefts) {
    if (late(*left.row)) {
      leave(index, 1, *left.row, Kind::late, "late", diag::LateRow::kCode);
      continue;
    }
    const Row* nearest = nullptr;
    int128 distance = 0;
    std::optional<interpret::Failure> rejection;
    for (const Keyed& right : rights) {
      if (!left.key || left.key != right.key || !within(step, *left.row, left.end, *right.row)) continue;
      interpret::Failure failure;
      const Match match = residual(index, step, *left.row, *right.row, failure);
      if (match == Match::failed && !rejection) rejection = failure;
      if (match != Match::yes) continue;
      const int128 away = static_cast<int128>(right.row->time) - left.row->time;
      const int128 far = away < 0 ? -away : away;
      if (nearest && far >= distance) continue;
      nearest = right.row;
      distance = far;
    }
    if (rejection) {
      reject(index, 1, *left.row, *rejection);
    } else if (!nearest && !step.left) {
      leave_unmatched(index, step, *left.row);
    } else {
      Row made = joined(index, step, *left.row, nearest);
      if (nearest) {
        made.time = std::max(made.time, nearest->time);
        made.watermark = std::min(made.watermark, nearest->watermark);
      }
      out.push_back(std::move(made));
    }
  }
  return out;
}

}  // namespace braid::reference
