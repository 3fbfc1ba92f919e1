#include "cli/session/granted_reads.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/session/mesh_registry.h"
#include "runtime/report/grant_findings.h"

namespace braid::cli {
namespace {

constexpr int64_t kAskEveryUs = 5'000'000;

}  // namespace

bool is_open_to(const mesh::Interface& interface, const std::string& reader, const std::string& purpose) {
  if ((interface.allows.empty() && interface.access.rows.empty()) || interface.domain == reader) return true;
  const auto names = [&](const auto& clause) {
    return (clause.purposes.empty() || std::ranges::find(clause.purposes, purpose) != clause.purposes.end()) &&
           std::ranges::any_of(clause.readers,
                               [&](const std::string& one) { return one == "anyone" || one == "domain " + reader; });
  };
  return std::ranges::any_of(interface.allows, names) || std::ranges::any_of(interface.access.rows, names);
}

void GrantLookup::let_read(const mesh::Interface& published, mesh::Interface& interface, const std::string& reader,
                           const std::string& purpose, const std::string& known_key, Span place) {
  auto& columns = columns_[mesh::version_name(interface.qualified(), interface.version)];
  const std::string who = purpose.empty() ? reader : reader + " for purpose " + purpose;
  if (is_open_to(published, reader, purpose)) {
    columns[who].clear();
    return;
  }
  if (project_.mesh.registry.empty()) return;
  if (store_ == nullptr) store_ = open_product_registry(project_, reporter_);
  if (store_ == nullptr) return;
  mesh::AccessBook book(*store_, system_clock());
  Result<std::vector<mesh::AccessEntry>> entries = book.between(interface.domain, reader, known_key);
  if (!entries.ok()) return report_error(entries.error(), reporter_, place);
  std::erase_if(*entries, [](const mesh::AccessEntry& one) { return !one.role.empty(); });
  std::set<std::string> others;  // purposes for which it may read
  for (const mesh::AccessEntry& one : *entries)
    if (one.product == interface.qualified() && one.version == interface.version &&
        one.state == mesh::AccessState::granted)
      others.insert(one.purpose);
  if (!purpose.empty()) std::erase_if(*entries, [&](const auto& one) { return one.purpose != purpose; });
  const mesh::AccessEntry* newest = nullptr;
  for (const mesh::AccessEntry& one : *entries)
    if (one.product == interface.qualified() && one.version == interface.version) newest = &one;
  if (const auto* live = mesh::live_grant(*entries, interface.qualified(), interface.version); live != nullptr) {
    mesh::InterfaceAllow& allow = interface.allows.emplace_back();
    allow.readers = {"domain " + reader};
    if (!purpose.empty()) allow.purposes = {purpose};
    columns[who] = live->columns;
    const bool known = std::ranges::any_of(granted_, [&](const GrantedRead& one) { return one.grant.id == live->id; });
    if (!known) granted_.push_back({.grant = *live, .known_key = known_key});
  } else if (!purpose.empty() && !others.empty()) {
    // Another file of the domain may read by those, without a purpose of its own.
    auto finding = reporter_.report(
        diag::PurposeNotGranted{.reader = reader, .product = interface.qualified(), .purpose = purpose});
    finding.at(place, "no grant is for this purpose");
    finding.note(fmt::format("it may read for purpose {}", fmt::join(others, ", ")));
    finding.note("`braid access request " + mesh::version_name(interface.qualified(), interface.version) +
                 " --purpose " + purpose + "` asks for this one");
  } else if (newest != nullptr) {
    auto finding = reporter_.report(diag::GrantNotLive{.id = mesh::short_id(newest->id),
                                                       .reader = reader,
                                                       .product = interface.qualified(),
                                                       .state = mesh::state_text(*newest)});
    finding.at(place, "so nothing grants this read");
    if (newest->state == mesh::AccessState::open)
      finding.note("`" + interface.domain + "` decides with `braid access approve " + mesh::short_id(newest->id) + "`");
    else
      finding.note("`braid access request " + mesh::version_name(interface.qualified(), interface.version) +
                   " --purpose …` asks again");
  }
}

std::optional<std::vector<std::string>> GrantLookup::columns(const mesh::Interface& interface, Span place) {
  const auto found = columns_.find(mesh::version_name(interface.qualified(), interface.version));
  if (found == columns_.end() || found->second.empty()) return std::nullopt;
  const auto& [first, columns] = *found->second.begin();
  for (const auto& [reader, others] : found->second)
    if (others != columns) {
      auto finding =
          reporter_.report(diag::ColumnsDiffer{.first = first, .second = reader, .product = interface.qualified()});
      finding.at(place, "one declaration for all domains of the project");
      for (const auto& [each, names] : found->second)
        finding.note(fmt::format("`{}` may read {}", each,
                                 names.empty() ? "all columns" : fmt::format("{}", fmt::join(names, ", "))));
      finding.note("ask for the same columns, or read it in two projects");
      return std::nullopt;
    }
  return columns.empty() ? std::nullopt : std::optional(columns);
}

GrantWatch::GrantWatch(const Project& project, std::vector<GrantedRead> grants, Clock& clock)
    : clock_(clock), grants_(std::move(grants)), asked_us_(clock.steady_us()) {
  if (grants_.empty()) return;
  Reporter unused;  // the check of the scripts has opened it before
  store_ = open_product_registry(project, unused);
  for (const GrantedRead& read : grants_) domains_.insert({read.grant.owner(), read.grant.reader});
}

GrantWatch::~GrantWatch() = default;

void GrantWatch::ask_registry() {
  mesh::AccessBook book(*store_, clock_);
  // Whole logs and publications are read, and their signatures checked, once something is new.
  Result<std::vector<std::string>> heads = book.heads(domains_);
  if (!heads.ok() || *heads == heads_) return;
  bool all = true;
  for (GrantedRead& read : grants_) {
    const auto entries = book.between(read.grant.owner(), read.grant.reader, read.known_key);
    const auto approvers = book.approvers(read.grant.owner());
    all &= entries.ok() && approvers.ok();
    if (!entries.ok()) continue;
    if (approvers.ok())
      for (const auto& [approver, key] : *approvers) domains_.insert(approver);
    const auto now = std::ranges::find_if(*entries, [&](const auto& one) { return one.id == read.grant.id; });
    // One that is granted no more is not missing from a registry that was moved away.
    if (now == entries->end()) continue;
    if (now->state != mesh::AccessState::granted) {
      ended_ = *now;
      return;
    }
    read.grant = *now;  // it may end earlier than it did
  }
  if (all) heads_ = std::move(*heads);
}

bool GrantWatch::over() {
  if (grants_.empty()) return false;
  const std::scoped_lock lock(mutex_);
  if (ended_) return true;
  for (const GrantedRead& read : grants_)
    if (read.grant.until_us && *read.grant.until_us <= clock_.now_us()) {
      ended_ = read.grant;
      ended_->state = mesh::AccessState::ended;
      return true;
    }
  const int64_t now = clock_.steady_us();
  if (store_ != nullptr && now - asked_us_ >= kAskEveryUs) {
    asked_us_ = now;
    ask_registry();
  }
  return ended_.has_value();
}

std::optional<mesh::AccessEntry> GrantWatch::ended() {
  const std::scoped_lock lock(mutex_);
  return ended_;
}

}  // namespace braid::cli
