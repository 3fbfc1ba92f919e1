#include "mesh/standards/prometheus.h"

#include <fmt/format.h>

#include <cstdlib>

#include "compiler/typed/promises.h"

namespace braid::mesh {
namespace {

/// As a selector of PromQL has it.
std::string quoted(const std::string& text) {
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') made += '\\';
    made += c;
  }
  return made + "\"";
}

struct WatchedText {
  std::string text;
  double may_miss = -1;                                     ///< share of rows; below 0: it is not about rows
  enum class Of { newest, rows, state, all } of = Of::all;  ///< what instances are added up by; all: they judge alike
  int64_t bytes = 0;                                        ///< of state
};

std::vector<WatchedText> watched_texts(const typed::Promises& promises) {
  std::vector<WatchedText> made;
  if (promises.fresh_us) made.push_back({.text = typed::fresh_text(*promises.fresh_us), .of = WatchedText::Of::newest});
  for (const typed::LatencyPromise& one : promises.latencies)
    made.push_back({.text = typed::text_of(one),
                    .may_miss = 1 - typed::share_of(one.quantile).value_or(1),
                    .of = WatchedText::Of::rows});
  for (const typed::CompletePromise& one : promises.completes)
    made.push_back({.text = typed::text_of(one),
                    .may_miss = 1 - std::strtod(one.percent.c_str(), nullptr) / 100,
                    .of = WatchedText::Of::rows});
  for (const typed::VolumePromise& one : promises.volumes) made.push_back({.text = typed::text_of(one)});
  if (promises.state_bytes)
    made.push_back({.text = typed::state_text(*promises.state_bytes),
                    .of = WatchedText::Of::state,
                    .bytes = *promises.state_bytes});
  return made;
}

class Rules {
 public:
  Rules(const Interface& interface, const Surroundings& around)
      : interface_(interface),
        version_(std::to_string(interface.version)),
        urn_(contract_id(interface, around)),
        product_(fmt::format("product={},version={}", quoted(interface.qualified()), quoted(version_))) {}

  Node group() {
    const std::vector<WatchedText> promises = watched_texts(interface_.promises);
    for (const WatchedText& promise : promises) watch(promise);
    if (!promises.empty()) {
      const std::string any = fmt::format("braid_promise_breached{{{}}}", product_);
      alert("BraidPromiseNotWatched", fmt::format("absent({})", any), "10m", "", "warning",
            fmt::format("No job watches the contract of {} version {}", interface_.qualified(), version_));
    }
    for (const InterfaceCheck& check : interface_.checks) {
      if (check.otherwise != "alert") continue;
      alert("BraidContractBroken",
            fmt::format("sum by (job) (increase(braid_product_alerts_total{{{}}}[10m])) > 0", product_), "", "",
            "warning",
            fmt::format("Rows of {} version {} fail a check of its contract", interface_.qualified(), version_));
      break;
    }
    Node made = Node::map();
    made.set("name", urn_);
    return made.set("rules", std::move(rules_));
  }

 private:
  void watch(const WatchedText& promise) {
    const std::string of = fmt::format("{{{},promise={}}}", product_, quoted(promise.text));
    const std::string name = fmt::format("{} version {}", interface_.qualified(), version_);
    const Judged judged = judge(promise, of);
    alert("BraidPromiseBreached", judged.breached, "", promise.text, "warning",
          fmt::format("{} breaches `{}`", name, promise.text));
    if (!judged.left.empty())
      alert("BraidPromiseAtRisk", fmt::format("{0} >= 0 and {0} < 0.25", judged.left), "5m", promise.text, "info",
            fmt::format("Less than a quarter of the budget of {} for `{}` is left", name, promise.text));
    if (promise.may_miss < 0) return;
    const auto month = [&](const char* metric) {
      return fmt::format("sum by (job) (increase({}{}[30d]))", metric, of);
    };
    const std::string missed = month("braid_promise_missed_rows_total"), rows = month("braid_promise_rows_total");
    // Without a budget the first row is too many.
    const bool none = promise.may_miss < 1e-9;
    if (!none) {
      Node rule = Node::map();
      rule.set("record", "braid:promise_budget_left:ratio30d");
      rule.set("expr", fmt::format("1 - ({} / {}) / {:.6g}", missed, rows, promise.may_miss));
      rules_.add(std::move(rule.set("labels", labels(promise.text))));
    }
    alert("BraidPromiseBudgetSpent",
          none ? fmt::format("{} > 0", missed) : fmt::format("{} / {} > {:.6g}", missed, rows, promise.may_miss), "",
          promise.text, "warning", fmt::format("The budget of {} for `{}` of 30 days is spent", name, promise.text));
  }

  /// Of the product as a whole: each instance of a job shows what its own tasks have.
  struct Judged {
    std::string breached, left;  ///< `left`: share of the budget; empty: there is none
  };
  Judged judge(const WatchedText& promise, const std::string& of) const {
    const auto hour = [&](const char* metric) { return fmt::format("sum by (job) (increase({}{}[1h]))", metric, of); };
    switch (promise.of) {
      case WatchedText::Of::newest:
        return {fmt::format("min by (job) (braid_promise_breached{}) == 1", of),
                fmt::format("max by (job) (braid_promise_budget_ratio{})", of)};
      case WatchedText::Of::rows: {
        const std::string missed = hour("braid_promise_missed_rows_total"), rows = hour("braid_promise_rows_total");
        if (promise.may_miss < 1e-9) return {fmt::format("{} > 0", missed), ""};
        return {fmt::format("{} / {} > {:.6g}", missed, rows, promise.may_miss),
                fmt::format("(1 - ({} / {}) / {:.6g})", missed, rows, promise.may_miss)};
      }
      case WatchedText::Of::state: {
        const std::string bytes = fmt::format("sum by (job) (braid_product_state_bytes{{{}}})", product_);
        return {fmt::format("{} > {}", bytes, promise.bytes), fmt::format("(1 - {} / {})", bytes, promise.bytes)};
      }
      case WatchedText::Of::all:
        break;
    }
    return {fmt::format("max by (job) (braid_promise_breached{}) == 1", of),
            fmt::format("min by (job) (braid_promise_budget_ratio{})", of)};
  }

  Node labels(const std::string& promise) const {
    Node made = Node::map();
    made.set("contract", urn_).set("product", interface_.qualified()).set("version", Node::text(version_));
    made.set_if("promise", promise).set_if("owner", interface_.owner);
    return made;
  }

  void alert(const char* name, const std::string& expression, const std::string& lasting, const std::string& promise,
             const char* severity, const std::string& summary) {
    Node rule = Node::map(), annotations = Node::map(), of = labels(promise);
    rule.set("alert", name).set("expr", expression).set_if("for", lasting);
    rule.set("labels", std::move(of.set("severity", severity)));
    rules_.add(std::move(rule.set("annotations", std::move(annotations.set("summary", summary)))));
  }

  const Interface& interface_;
  const std::string version_, urn_, product_;
  Node rules_ = Node::list();
};

}  // namespace

Node prometheus_rules_of(const ProductGraph& graph, const Surroundings& around) {
  Node made = Node::map(), groups = Node::list();
  for (const OutputPort& port : graph.outputs) {
    Node group = Rules(port.interface, around).group();
    if (const Node* rules = group.find("rules"); rules != nullptr && !rules->elements.empty())
      groups.add(std::move(group));
  }
  return made.set("groups", std::move(groups));
}

}  // namespace braid::mesh
