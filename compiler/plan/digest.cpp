#include "compiler/plan/digest.h"

#include <set>

#include "compiler/plan/meaning.h"
#include "compiler/plan/provenance.h"
#include "runtime/abi/state_family.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace braid::plan {
namespace {

/// Of a step that groups rows by windows, or by none.
const typed::Window* window_of(const Node& node) {
  if (const auto* top = std::get_if<TopNode>(&node.content)) return &top->step.window;
  const auto* group = std::get_if<GroupNode>(&node.content);
  return group != nullptr ? &group->window : nullptr;
}

/// Of the step's state: a version, so that a store of an older one is not misread.
std::string layout(const Node& node) {
  std::string text;
  if (std::holds_alternative<TopNode>(node.content)) text = "|ranked 1";
  if (std::holds_alternative<MatchNode>(node.content)) text = "|matches 1";
  if (std::holds_alternative<LookupNode>(node.content)) text = "|answers 1";
  if (const auto* running = std::get_if<RunningNode>(&node.content))
    text = running->step.rows > 0 || running->step.within_us > 0 ? "|running rows 1" : "|running 1";
  if (const typed::Window* window = window_of(node))
    text += window->kind == typed::WindowKind::session
                ? fmt::format("|sessions 1 {} {}", window->gap_us, window->max_us)
                : "|slices 2";
  // Such keys have a time with them at which they are forgotten.
  const auto* group = std::get_if<GroupNode>(&node.content);
  const auto* top = std::get_if<TopNode>(&node.content);
  const auto* latest = std::get_if<LatestNode>(&node.content);
  const bool of_windows = (group != nullptr && group->window_key >= 0) || (top != nullptr && top->window_key >= 0);
  if (of_windows || (group != nullptr && group->retain_us != typed::kForever) ||
      (top != nullptr && top->step.retain_us != typed::kForever) ||
      (latest != nullptr && latest->retain_us != typed::kForever))
    text += of_windows ? "|of windows 1" : "|forgets 1";
  return text;
}

/// What the state consists of. Types are compared where the state is (runtime/engine/operator_state.h); of a step that
/// is known by its name they are all that is.
std::string held(const Node& node, const StateMeaning& meaning, bool named, const Plan& plan,
                 const typed::Project& project) {
  std::string text;
  if (!named)
    for (const uint64_t part : meaning.parts) text += fmt::format("|{:016x}", part);
  // What is stored of a pattern are places in it.
  else if (std::holds_alternative<MatchNode>(node.content))
    text = braid::plan::meaning(node, plan, project);
  return text;
}

}  // namespace

bool has_name(const Node& node) {
  const std::string& label = node.state.label;
  if (label.compare(std::min(label.find(' '), label.size()), 4, " as ") != 0) return false;
  return std::holds_alternative<GroupNode>(node.content) || std::holds_alternative<TopNode>(node.content) ||
         std::holds_alternative<RunningNode>(node.content) || std::holds_alternative<LatestNode>(node.content) ||
         std::holds_alternative<UniqueNode>(node.content) || std::holds_alternative<MatchNode>(node.content);
}

uint64_t digest(std::string_view text) {
  return XXH3_64bits_withSeed(text.data(), text.size(), 0);
}

std::string meaning(const Node& node, const Plan& plan, const typed::Project& project) {
  return Meaning(node, plan, project).text();
}

void identify(Plan& plan, const typed::Project& project) {
  const std::vector<StateMeaning> meanings = state_meanings(plan, project);
  std::vector<uint64_t> digests;
  std::set<uint64_t> identities;
  std::string whole;
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    Node& node = plan.nodes[i];
    std::string text = meaning(node, plan, project);
    for (const int input : node.inputs) text += fmt::format(" <{:016x}>", digests[input]);
    digests.push_back(digest(text));
    whole += fmt::format("{:016x}", digests.back());
    if (!stateful(node)) continue;
    const bool named = has_name(node);
    node.state.schema = digest(layout(node) + held(node, meanings[i], named, plan, project));
    node.state.identity = named ? digest(node.state.label) : meanings[i].step;
    // Equal steps of several products have equal states, one each.
    while (!identities.insert(node.state.identity).second) node.state.identity = next_identity(node.state.identity);
    if (node.state.label.empty()) node.state.label = node.text;
  }
  plan.id = digest(whole);
}

}  // namespace braid::plan
