#include "compiler/ast/print.h"

#include "compiler/ast/print_expr.h"
#include "compiler/ast/tree_text.h"
#include "compiler/ast/visit.h"

namespace braid::ast {
namespace {

TreeText tree(const Promise& promise);
TreeText tree(const Clause& clause);
TreeText tree(const StatefulOption& option);
TreeText tree(const Step& step);
TreeText tree(const Flow& flow);
TreeText tree(const TestStep& step);
TreeText tree(const Let& let);
TreeText tree(const Parameter& parameter);
TreeText tree(const TypeParameter& parameter);
TreeText tree(const Use& use);
TreeText tree(const Item& item);

TreeText tree(const Principal& principal) {
  static constexpr const char* kKinds[] = {"anyone", "role", "domain", "user"};
  TreeText out{kKinds[static_cast<int>(principal.kind)], {}, principal.kind == PrincipalKind::anyone};
  if (const auto* text = std::get_if<Text>(&principal.who)) out.add(TreeText::quoted(text->value));
  if (const auto* path = std::get_if<Path>(&principal.who)) out.add(dotted(*path));
  return out;
}

TreeText tree(const Relation& relation) {
  if (!relation.version) return TreeText::atom(dotted(relation.path));
  return TreeText{"version", {}}.add(dotted(relation.path)).add(std::to_string(relation.version->value));
}

TreeText tree(const Connector& connector) {
  TreeText out{connector.name.text, {}};
  out.add(TreeText::quoted(connector.address.value));
  if (connector.options) out.add(tree(*connector.options));
  if (connector.format) {
    TreeText format{"format", {}};
    format.add(connector.format->text);
    if (connector.format_options) format.add(tree(*connector.format_options));
    out.add(std::move(format));
  }
  return out;
}

template <class Nodes>
TreeText listed(const char* head, const Nodes& nodes) {
  TreeText out{head, {}};
  for (const auto& node : nodes) out.add(tree(node));
  return out;
}
TreeText names(const char* head, const std::vector<Name>& list) {
  TreeText out{head, {}};
  for (const Name& name : list) out.add(name.text);
  return out;
}
TreeText paths(const char* head, const std::vector<Path>& list) {
  TreeText out{head, {}};
  for (const Path& path : list) out.add(dotted(path));
  return out;
}
TreeText word(const char* head, std::string text) {
  return TreeText{head, {}}.add(std::move(text));
}
TreeText around(const char* head, TreeText child) {
  return TreeText{head, {}}.add(std::move(child));
}

// ---- clauses -----------------------------------------------------------------------------------------------

TreeText tree(const Retain& retain) {
  return word("retain", retain.duration ? retain.duration->text : "forever");
}

TreeText tree(const Promise& promise) {
  static constexpr const char* kActions[] = {"reject", "alert", "stop"};
  static constexpr const char* kUnits[] = {"KB", "MB", "GB", "TB"};
  return std::visit(
      Overloaded{
          [](const Compatible& node) { return word("compatible", node.how.text); },
          [](const Fresh& node) { return word("fresh", node.within.text); },
          [](const Latency& node) { return word("latency", node.quantile.text).add(node.below.text); },
          [](const Unique& node) {
            TreeText tree = paths("unique", node.fields);
            return node.within ? tree.add(word("within", node.within->text)) : tree;
          },
          [](const Complete& node) { return paths("complete", node.fields).add(word("share", node.share.text)); },
          [](const Volume& node) {
            return word("volume", std::to_string(node.least.value))
                .add(std::to_string(node.most.value))
                .add(node.period.text);
          },
          [](const StateLimit& node) {
            return word("state", std::to_string(node.limit.count) + kUnits[static_cast<int>(node.limit.unit)]);
          },
          [](const Keep& node) { return word("keep", node.duration.text); },
          [](const PinnedFields& node) { return tree(node.fields); },
          [](const Check& node) {
            if (node.condition == nullptr) return word("check", node.name.text);
            return word("check", node.name.text).add(tree(node.condition)).add(kActions[static_cast<int>(node.action)]);
          },
          [](const Unchecked& node) { return word("unchecked", node.rule.value).add(node.reason.value); },
          [](const ErrorClause&) { return TreeText::atom("error"); },
      },
      promise.node);
}

TreeText tree(const Clause& clause) {
  return std::visit(
      Overloaded{
          [](const Key& node) { return paths("key", node.fields); },
          [](const TimeClause& node) {
            TreeText out = word("time", dotted(node.field));
            return node.within ? out.add(word("within", node.within->text)) : out;
          },
          [](const Contract& node) { return listed("contract", node.promises); },
          [](const Allow& node) {
            TreeText out = listed("allow", node.readers);
            if (!node.purposes.empty()) out.add(names("purpose", node.purposes));
            return node.where ? out.add(around("where", tree(node.where))) : out;
          },
          [](const Mask& node) {
            TreeText out = paths("mask", node.fields);
            out.add(around("with", tree(node.with)));
            return node.except.empty() ? out : out.add(listed("except", node.except));
          },
          [](const Deprecated& node) {
            TreeText out = word("deprecated", "@" + node.until.text);
            return node.successor ? out.add(word("version", std::to_string(node.successor->value))) : out;
          },
          [](const Draft&) { return TreeText::atom("draft"); },
          [](const Migrate& node) { return word("migrate", std::to_string(node.version.value)).add(tree(node.flow)); },
          [](const FromConnector& node) { return around("from", tree(node.connector)); },
          [](const ToConnector& node) {
            TreeText out = around("to", tree(node.connector));
            if (node.changes) out.add(word("changes", node.changes->text));
            return node.reader ? out.add(around("for", tree(*node.reader))) : out;
          },
          [](const Idle& node) {
            TreeText out = word("idle", node.after ? node.after->text : "never");
            return node.advance ? out.add("advance") : out;
          },
          [](const Ahead& node) { return word("ahead", node.limit.text); },
          [](const Rate& node) { return word("rate", std::to_string(node.rows.value)).add(node.period.text); },
          [](const Keys& node) { return word("keys", std::to_string(node.count.value)).add(dotted(node.field)); },
          [](const DeleteWhen& node) { return around("delete", tree(node.condition)); },
          [](const ErrorClause&) { return TreeText::atom("error"); },
      },
      clause.node);
}

// ---- steps -------------------------------------------------------------------------------------------------

TreeText tree(const JoinClause& clause) {
  return std::visit(
      Overloaded{
          [](const WithinWindow&) { return word("within", "window"); },
          [](const WithinAny&) { return word("within", "any"); },
          [](const WithinRange& node) {
            return around("within", tree(node.first)).add(node.last ? tree(node.last) : TreeText::atom("any"));
          },
          [](const MaxAge& node) { return word("max-age", node.age.text); },
          [](const WaitAtMost& node) { return word("wait", node.wait.text); },
          [](const ElsePort& node) { return word("else", node.port.text); },
          [](const Retain& node) { return tree(node); },
          [](const ErrorClause&) { return TreeText::atom("error"); },
      },
      clause.node);
}

TreeText tree(const StatefulOption& option) {
  return std::visit(Overloaded{
                        [](const Emit& node) {
                          static constexpr const char* kKinds[] = {"final", "changes", "every"};
                          TreeText out = word("emit", kKinds[static_cast<int>(node.kind)]);
                          if (node.period) out.add(node.period->text);
                          return node.wall ? out.add("wall") : out;
                        },
                        [](const Retain& node) { return tree(node); },
                        [](const StateName& node) { return word("as", node.name.text); },
                        [](const ErrorClause&) { return TreeText::atom("error"); },
                    },
                    option.node);
}

TreeText tree(const Length& length) {
  return TreeText::atom(std::visit([](const auto& value) { return value.text; }, length));
}

TreeText tree(const Window& window) {
  TreeText out = std::visit(
      Overloaded{
          [](const Tumbling& node) { return around("tumbling", tree(node.length)); },
          [](const Hopping& node) { return around("hopping", tree(node.length)).add(tree(node.every)); },
          [](const Cumulative& node) { return around("cumulative", tree(node.length)).add(tree(node.every)); },
          [](const Session& node) {
            TreeText session = around("session", tree(node.gap));
            return node.max ? session.add(tree(*node.max)) : session;
          },
          [](const SpanWindow& node) {
            return around("span", tree(node.first)).add(range_sign(node.end)).add(tree(node.last));
          },
      },
      window.kind);
  TreeText step = around("window", std::move(out));
  for (const WindowOption& option : window.options)
    step.add(std::visit(Overloaded{
                            [](const WindowZone& node) {
                              const auto* text = std::get_if<Text>(&node.zone);
                              return around("in", text ? TreeText::quoted(text->value)
                                                       : TreeText::atom(std::get<Name>(node.zone).text));
                            },
                            [](const WindowLate& node) { return word("late", node.late.text); },
                            [](const WindowName& node) { return word("as", node.name.text); },
                            [](const ErrorClause&) { return TreeText::atom("error"); },
                        },
                        option.node));
  return step;
}

TreeText tree(const Let& let) {
  return word("let", let.name.text).add(tree(let.value));
}

TreeText per(const std::vector<ExprPtr>& keys) {
  return listed("per", keys);
}

TreeText tree(const Join& node) {
  static constexpr const char* kKinds[] = {"inner", "left", "right", "full", "semi", "anti"};
  static constexpr const char* kPicks[] = {"all", "latest", "nearest"};
  TreeText out{"join", {}};
  if (node.kind != JoinKind::inner) out.add(kKinds[static_cast<int>(node.kind)]);
  if (node.pick != JoinPick::all) out.add(kPicks[static_cast<int>(node.pick)]);
  out.add(tree(node.relation));
  if (node.as) out.add(word("as", node.as->text));
  if (node.on) out.add(around("on", tree(node.on)));
  if (!node.using_.empty()) out.add(names("using", node.using_));
  for (const JoinClause& clause : node.clauses) out.add(tree(clause));
  return out;
}

TreeText tree(const Top& node) {
  TreeText out = word("top", std::to_string(node.count.value));
  if (node.with_ties) out.add("with-ties");
  TreeText by{"by", {}};
  for (const Ordering& ordering : node.by) {
    if (ordering.direction)
      by.add(around(*ordering.direction == Direction::ascending ? "asc" : "desc", tree(ordering.value)));
    else
      by.add(tree(ordering.value));
  }
  out.add(std::move(by));
  if (!node.per.empty()) out.add(per(node.per));
  if (node.numbered) out.add(word("numbered", node.numbered->text));
  for (const StatefulOption& option : node.options) out.add(tree(option));
  return out;
}

TreeText tree(const Match& node) {
  static constexpr const char* kKinds[] = {"element", "next", "no"};
  TreeText out{"match", {}};
  if (!node.per.empty()) out.add(per(node.per));
  out.add(word("within", node.within.text));
  for (const Element& element : node.elements) {
    TreeText part = word(kKinds[static_cast<int>(element.kind)], element.name.text);
    if (element.quantity)
      part.add(std::to_string(element.quantity->least) + ".." +
               (element.quantity->most ? std::to_string(*element.quantity->most) : ""));
    out.add(part.add(tree(element.condition)));
  }
  for (const StatefulOption& option : node.options) out.add(tree(option));
  return out;
}

TreeText tree(const Running& node) {
  TreeText out{"running", {}};
  if (!node.per.empty()) out.add(per(node.per));
  if (const auto* rows = std::get_if<Int>(&node.over)) out.add(word("over", std::to_string(rows->value)).add("rows"));
  if (const auto* duration = std::get_if<Duration>(&node.over)) out.add(word("over", duration->text));
  out.add(tree(node.aggregates));
  for (const StatefulOption& option : node.options) out.add(tree(option));
  return out;
}

TreeText with_options(TreeText out, const std::vector<StatefulOption>& options) {
  for (const StatefulOption& option : options) out.add(tree(option));
  return out;
}

TreeText tree(const Step& step) {
  return std::visit(
      Overloaded{
          [](const Union& node) { return around("union", tree(node.relation)); },
          [](const Where& node) {
            TreeText out = around("where", tree(node.condition));
            return node.otherwise ? out.add(word("else", node.otherwise->text)) : out;
          },
          [](const Select& node) { return around("select", tree(node.row)); },
          [](const Drop& node) { return paths("drop", node.fields); },
          [](const Rename& node) {
            TreeText out{"rename", {}};
            for (const Renaming& renaming : node.list) out.add(word("to", dotted(renaming.from)).add(renaming.to.text));
            return out;
          },
          [](const Lookup& node) {
            TreeText out = word(node.left ? "left-lookup" : "lookup", node.service.text);
            out.add(tree(node.arguments)).add(word("as", node.as.text));
            return node.otherwise ? out.add(word("else", node.otherwise->text)) : out;
          },
          [](const Unnest& node) {
            return around(node.left ? "left-unnest" : "unnest", tree(node.list)).add(word("as", node.as.text));
          },
          [](const Group& node) {
            TreeText out{"group", {}};
            if (!node.keys.empty()) out.add(listed("keys", node.keys));
            return with_options(std::move(out.add(tree(node.aggregates))), node.options);
          },
          [](const Last& node) { return with_options(around("last", per(node.per)), node.options); },
          [](const Distinct& node) {
            return with_options(listed("distinct", node.keys).add(word("within", node.within.text)), node.options);
          },
          [](const ErrorStep&) { return TreeText::atom("error"); },
          [](const auto& node) { return tree(node); },
      },
      step.node);
}

TreeText tree(const Flow& flow) {
  TreeText out{"flow", {}};
  if (flow.from) {
    TreeText from{"from", {}};
    if (const auto* every = std::get_if<FromEvery>(&flow.from->node)) from.add(word("every", every->period.text));
    if (const auto* relation = std::get_if<FromRelation>(&flow.from->node)) {
      from.add(tree(relation->relation));
      if (relation->by_arrival) from.add("by-arrival");
    }
    if (flow.from->as) from.add(word("as", flow.from->as->text));
    out.add(std::move(from));
  }
  for (const Step& step : flow.steps) out.add(tree(step));
  return out;
}

// ---- tests -------------------------------------------------------------------------------------------------

TreeText tree(const Rows& rows) {
  TreeText out{"rows", {}};
  for (const Row& row : rows.list) out.add(row.fields ? tree(*row.fields) : TreeText::atom(".."));
  return out;
}

TreeText tree(const TestStep& step) {
  return std::visit(
      Overloaded{
          [](const SetParam& node) { return word("param", node.name.text).add(tree(node.value)); },
          [](const GivenFile& node) {
            return around("given", tree(node.relation)).add(around("file", TreeText::quoted(node.path.value)));
          },
          [](const GivenRaw& node) {
            return around("given", tree(node.relation)).add(around("raw", tree(node.records)));
          },
          [](const GivenRows& node) { return around("given", tree(node.relation)).add(tree(node.rows)); },
          [](const DeleteRows& node) { return around("delete", tree(node.relation)).add(tree(node.rows)); },
          [](const Advance& node) { return around("advance", tree(node.relation)).add("@" + node.to.text); },
          [](const FallSilent& node) { return around("idle", tree(node.relation)); },
          [](const Wait& node) { return word("wait", node.duration.text); },
          [](const Restart&) { return TreeText::atom("restart"); },
          [](const Expect& node) {
            TreeText out = around("expect", tree(node.relation));
            if (node.at) out.add("@" + node.at->text);
            return out.add(tree(node.rows));
          },
          [](const ErrorTestStep&) { return TreeText::atom("error"); },
      },
      step.node);
}

// ---- items -------------------------------------------------------------------------------------------------

void add_version(TreeText& out, const std::optional<Int>& version) {
  if (version) out.add(word("version", std::to_string(version->value)));
}
template <class Nodes>
void add_all(TreeText& out, const Nodes& nodes) {
  for (const auto& node : nodes) out.add(tree(node));
}

TreeText tree(const Parameter& parameter) {
  TreeText out = word("parameter", parameter.name.text);
  out.add(tree(*parameter.type));
  return parameter.initial ? out.add(tree(parameter.initial)) : out;
}

TreeText tree(const TypeParameter& parameter) {
  TreeText out = word("type-parameter", parameter.name.text);
  return parameter.bound ? out.add(parameter.bound->text) : out;
}

TreeText tree(const Function& node) {
  TreeText out = word("function", node.name.text);
  add_all(out, node.generics);
  add_all(out, node.parameters);
  out.add(around("result", tree(*node.result)));
  if (node.fails) out.add("fails");
  add_all(out, node.lets);
  out.add(around("return", tree(node.body)));
  for (const ExprPtr& example : node.examples) out.add(around("example", tree(example)));
  return out;
}

TreeText tree(const Aggregate& node) {
  TreeText out = word("aggregate", node.name.text);
  add_all(out, node.generics);
  add_all(out, node.parameters);
  out.add(around("result", tree(*node.result)));
  out.add(around("init", tree(node.init))).add(around("step", tree(node.step)));
  if (node.undo) out.add(around("undo", tree(*node.undo)));
  if (node.merge) out.add(around("merge", tree(*node.merge)));
  return out.add(around("finish", tree(node.finish)));
}

TreeText tree(const Service& node) {
  TreeText out = word("service", node.name.text);
  add_all(out, node.parameters);
  out.add(around("result", tree(*node.result))).add(around("from", tree(node.connector)));
  for (const ServiceOption& option : node.options)
    out.add(std::visit(Overloaded{
                           [](const CacheFor& kind) {
                             TreeText cache = word("cache", kind.duration.text);
                             return kind.most ? cache.add(word("max", std::to_string(kind.most->value))) : cache;
                           },
                           [](const TimeoutAfter& kind) { return word("timeout", kind.duration.text); },
                           [](const Retry& kind) { return word("retry", std::to_string(kind.count.value)); },
                           [](const Parallel& kind) { return word("parallel", std::to_string(kind.count.value)); },
                           [](const ElseOutcome& kind) { return word("else", kind.outcome.text); },
                       },
                       option.node));
  return out;
}

TreeText tree(const Test& node) {
  TreeText out = around("test", TreeText::quoted(node.name.value));
  if (node.reader) out.add(around("as", tree(*node.reader)));
  if (!node.purposes.empty()) out.add(names("purpose", node.purposes));
  if (node.in_order) out.add("in-order");
  add_all(out, node.steps);
  return out;
}

TreeText tree(const Item& item) {
  TreeText out = std::visit(
      Overloaded{
          [](const Policy& node) {
            TreeText policy = word("policy", node.name.text).add("#" + node.label.text);
            add_all(policy, node.clauses);
            return policy;
          },
          [](const Param& node) { return word("param", node.name.text).add(tree(*node.type)).add(tree(node.value)); },
          [](const TypeAlias& node) { return word("type", node.name.text).add(tree(*node.type)); },
          [](const Source& node) {
            TreeText source = word(node.kind == SourceKind::stream ? "stream" : "table", node.name.text);
            add_version(source, node.version);
            add_all(source, node.clauses);
            return source.add(tree(node.fields));
          },
          [](const View& node) {
            TreeText view = word("view", node.name.text);
            add_all(view, node.clauses);
            return view.add(tree(node.flow));
          },
          [](const Product& node) {
            TreeText product = word("product", node.name.text);
            add_version(product, node.version);
            add_all(product, node.clauses);
            return product.add(tree(node.flow));
          },
          [](const ErrorItem& node) { return node.name ? word("error", node.name->text) : TreeText::atom("error"); },
          [](const auto& node) { return tree(node); },
      },
      item.node);
  if (!item.doc.empty()) out.children.insert(out.children.begin() + 1, around("doc", TreeText::quoted(item.doc)));
  if (item.is_public) out = around("public", std::move(out));
  return out;
}

TreeText tree(const Use& use) {
  TreeText out = word("use", dotted(use.path));
  add_version(out, use.version);
  if (use.as) out.add(word("as", use.as->text));
  if (use.purpose) out.add(word("purpose", use.purpose->text));
  if (!use.expects.empty()) out.add(listed("expect", use.expects));
  return out;
}

TreeText tree(const Script& script) {
  TreeText out{"script", {}};
  if (!script.doc.empty()) out.add(around("doc", TreeText::quoted(script.doc)));
  TreeText domain = word("domain", dotted(script.domain.path));
  if (script.domain.owner) domain.add(around("owner", TreeText::quoted(script.domain.owner->value)));
  if (script.domain.description) domain.add(around("description", TreeText::quoted(script.domain.description->value)));
  out.add(std::move(domain));
  add_all(out, script.uses);
  add_all(out, script.items);
  return out;
}

}  // namespace

std::string print(const Script& script) {
  return lay_out(tree(script));
}
std::string print(const Expr& expr) {
  return lay_out(tree(expr));
}
std::string print(const Type& type) {
  return lay_out(tree(type));
}

}  // namespace braid::ast
