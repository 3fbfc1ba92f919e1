#include "compiler/parse/state.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "compiler/ast/visit.h"
#include "runtime/report/short_text.h"

namespace braid::grammar {
namespace {

Sign closing(Sign open) {
  return open == Sign::brace_open   ? Sign::brace_close
         : open == Sign::paren_open ? Sign::paren_close
                                    : Sign::bracket_close;
}

bool is_plain_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text.front()) && !is_reserved(text) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// What a line of the group is called.
std::string_view kind_of(Group group) {
  switch (group) {
    case Group::item:
      return "item";
    case Group::clause:
    case Group::promise:
      return "clause";
    case Group::step:
    case Group::body:
      return "step";
    case Group::test_step:
      return "statement of a test";
  }
  return "";
}

/// What belongs where something else was found; empty: the words alone say it.
std::string hint_of(std::string_view expected, Cursor begin, Cursor at) {
  if (expected.find("a promise") != std::string_view::npos) {
    std::string promises;
    for (const std::string_view word : words_of(Group::promise))
      promises += (promises.empty() ? "`" : ", `") + std::string(word) + "`";
    return "promises: " + promises;
  }
  if (at - begin >= 2 && at[-1].kind == TokenKind::number && at[-2].is_word("top"))
    return "`top` ranks rows by values: `top " + at[-1].text + " by amount desc`, with `per k` behind it for each key";
  if (expected == "`else`")
    for (Cursor each = at; each > begin && !each->is_word("contract"); --each)
      if (each->is_word("check") && each[1].kind == TokenKind::word && each[2].is(Sign::colon))
        return "`else reject` keeps such rows out, `else alert` reports them, and `else stop` ends the job";
  return {};
}

/// How far the line of that place is indented; nothing: something stands before it in the line.
std::optional<size_t> indent_of(std::string_view script, size_t at, bool begins_line) {
  const size_t line = at == 0 ? 0 : script.rfind('\n', at - 1) + 1;
  const size_t text = script.find_first_not_of(" \t", line);
  if (begins_line && text != at) return std::nullopt;
  return text - line;
}

/// Two brackets of which the second closes the first, and stands at the beginning of a line, further left than the line
/// of the first: it was meant for what is around, and the first is the one that is not closed. Behind `open`.
std::optional<std::pair<Cursor, Cursor>> closed_by_another(Cursor open, Cursor at, std::string_view script) {
  std::vector<Cursor> opened;
  for (Cursor each = open + 1; each < at; ++each) {
    if (each->is(Sign::brace_open)) {
      opened.push_back(each);
    } else if (each->is(Sign::brace_close) && !opened.empty()) {
      const Cursor its = opened.back();
      opened.pop_back();
      const auto left = indent_of(script, each->span.begin, true);
      if (left && *left < *indent_of(script, its->span.begin, false)) return std::pair(its, each);
    }
  }
  return std::nullopt;
}

/// The line in which a comment begins behind something and holds a closing bracket, counted from the first of the
/// text; 0: none does. `//` is a division to many.
size_t line_that_a_comment_cuts(std::string_view text) {
  for (size_t line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    bool quoted = false, something = false;
    for (size_t at = 0; at + 1 < end; ++at) {
      if (text[at] == '"') quoted = !quoted;
      if (!quoted && text.substr(at, 2) == "//") {
        if (something && text.substr(at, end - at).find_first_of(")]}") != std::string_view::npos) return line;
        break;
      }
      something |= text[at] != ' ' && text[at] != '\t';
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return 0;
}

}  // namespace

State::State(TokenList& tokens, const SourceSet& sources, Reporter& reporter)
    : tokens_(tokens),
      sources_(sources),
      reporter_(reporter),
      begin_(tokens.tokens.data()),
      end_(begin_ + tokens.tokens.size() - 2),
      furthest_(begin_),
      doc_taken_(tokens.docs.size()) {}

void State::expected(Cursor at, std::string_view what, bool is_word) {
  if (at == muted_ || at < furthest_) return;
  if (at > furthest_) {
    furthest_ = at;
    expected_.clear();
  }
  const bool known = std::any_of(expected_.begin(), expected_.end(), [&](const auto& e) { return e.what == what; });
  if (!known) expected_.push_back({what, is_word});
}

std::string State::found(Cursor at) const {
  if (at->kind == TokenKind::end) return "the end of the script";
  std::string_view text = source(at->span);
  if (at->kind == TokenKind::formatted_end || text.empty()) return "the end of the text";
  if (text.size() <= 40) return "`" + std::string(text) + "`";
  return "`" + shortened(text, 37) + "`";
}

void State::report_failure(Cursor where) {
  const Cursor at = furthest_ >= where && !expected_.empty() ? furthest_ : where;
  if (at == silent_ || where == silent_) return;
  silent_ = at;
  if (at->kind == TokenKind::bad || (at > begin_ && at[-1].unterminated)) return;

  std::vector<std::string_view> words;
  std::string listed;
  bool name_wanted = false, text_wanted = false;
  for (size_t i = 0; i < expected_.size() && at == furthest_; ++i) {
    const Expectation& wanted = expected_[i];
    if (wanted.is_word) words.push_back(wanted.what);
    name_wanted = name_wanted || wanted.what == "a name";
    text_wanted = text_wanted || wanted.what == "a text in quotes";
    if (i > 0) listed += i + 1 == expected_.size() ? " or " : ", ";
    listed += wanted.is_word ? "`" + std::string(wanted.what) + "`" : std::string(wanted.what);
  }
  if (listed.empty()) listed = "something else";

  if (name_wanted && at->kind == TokenKind::word && !at->quoted && is_reserved(at->text)) {
    reporter_.report(diag::ReservedWord{.word = at->text})
        .at(at->span)
        .fix(Applicability::likely, "put it in backticks", {{at->span, "`" + at->text + "`"}});
    return;
  }
  if (words.size() == 1 && expected_.size() == 1 && words.front() == "then") {
    const Span behind{at->span.file, at[-1].span.end, at[-1].span.end};
    reporter_.report(diag::MissingWord{.word = "then", .found = found(at)})
        .at(at->span, "`then` must follow `if`")
        .fix(Applicability::likely, "add `then`", {{behind, " then"}});
    return;
  }
  auto report = reporter_.report(diag::UnexpectedText{.expected = listed, .found = found(at)});
  // What lacks something ends its line there; the next line is not to blame.
  const bool lacks = at > begin_ && (at->starts_line || at == end_) && at == furthest_ &&
                     (expected_.size() == 1 || starts(Group::item, at));
  report.at(lacks ? at[-1].span : at->span, lacks ? listed + " belongs behind this" : "");
  if (const std::string hint = hint_of(listed, begin_, at); !hint.empty()) report.note(hint);
  const bool one_word = words.size() == 1 && expected_.size() == 1 && at == furthest_;
  const std::string only(one_word ? words.front() : "");
  const bool is_value = at->kind == TokenKind::duration || at->kind == TokenKind::number || at->kind == TokenKind::time;
  const Span before{at->span.file, at->span.begin, at->span.begin};
  if (one_word && is_value && is_plain_name(only))
    report.fix(Applicability::likely, "add `" + only + "`", {{before, only + " "}});
  if (one_word && at->kind == TokenKind::sign && (only == ">=" || only == "<=" || only == "<") &&
      (at->is(Sign::greater) || at->is(Sign::less) || at->is(Sign::greater_equal) || at->is(Sign::less_equal) ||
       at->is(Sign::equal) || at->is(Sign::bind)))
    report.fix(Applicability::likely, "use `" + only + "`", {{at->span, only}});
  if (text_wanted && !lacks && at->kind == TokenKind::word && !at->starts_line) {
    const std::string_view script = sources_.file(at->span.file).text;
    const size_t end = std::min(script.find_first_of(" \t\r\n,{}()[]\"", at->span.begin), script.size());
    const Span whole{at->span.file, at->span.begin, static_cast<uint32_t>(end)};
    report.fix(Applicability::likely, "write it in quotes", {{whole, "\"" + std::string(source(whole)) + "\""}});
  }
  if (name_wanted && at->kind == TokenKind::text && is_plain_name(at->text))
    report.fix(Applicability::likely, "names have no quotes", {{at->span, at->text}});
  if (at->kind == TokenKind::word && !at->quoted)
    if (const auto meant = closest(at->text, words))
      report.fix(Applicability::likely, "use `" + std::string(*meant) + "`", {{at->span, std::string(*meant)}});
}

void State::report_unclosed(Cursor open, Cursor at) {
  ++unclosed_;
  if (at == silent_) return;
  silent_ = at;
  if (at->kind == TokenKind::bad || (at > begin_ && at[-1].unterminated)) return;
  auto report = reporter_.report(diag::UnclosedBracket{.open = std::string(sign_text(open->sign))});
  const std::string_view script = sources_.file(open->span.file).text;
  if (const auto meant = open->is(Sign::brace_open) ? closed_by_another(open, at, script) : std::nullopt) {
    report.at(meant->first->span, "opened here")
        .also(meant->second->span, "closed by this, which stands where one of those around it belongs");
    return;
  }
  report.at(open->span, "opened here").also(at->span, "and still open here");
  const std::string_view inside = script.substr(open->span.begin, at->span.begin - open->span.begin);
  if (const size_t line = line_that_a_comment_cuts(inside); line > 0) {
    const auto before = std::count(script.begin(), script.begin() + open->span.begin, '\n');
    report.note("`//` in line " + std::to_string(static_cast<size_t>(before) + line) +
                " begins a comment, with the bracket in it; `a.div(b)` divides whole numbers");
  }
}

bool State::correct_word(Cursor at, Group group) {
  return correct_word(at, words_of(group), kind_of(group));
}

bool State::correct_word(Cursor at, std::span<const std::string_view> words, std::string_view kind) {
  static constexpr std::string_view kOptions[] = {"emit", "retain", "per", "over", "within", "numbered"};
  if (at->kind != TokenKind::word || at->quoted) return false;
  // What stands behind other steps is no slip of the pen.
  if (std::any_of(std::begin(kOptions), std::end(kOptions), [&](auto word) { return at->is_word(word); })) return false;
  const auto meant = closest(at->text, words);
  if (!meant) return false;
  reporter_.report(diag::UnknownWord{.word = at->text, .kind = std::string(kind)})
      .at(at->span)
      .fix(Applicability::likely, "use `" + std::string(*meant) + "`", {{at->span, std::string(*meant)}});
  tokens_.tokens[static_cast<size_t>(at - begin_)].text = *meant;
  return true;
}

bool State::correct_second_word(Cursor at) {
  static constexpr std::string_view kSides[] = {"left", "right", "full", "semi", "anti"};
  static constexpr std::string_view kWithSide[] = {"join", "lookup", "unnest"};
  const Cursor second = at + 1;
  const bool sided = at->kind == TokenKind::word && !at->quoted &&
                     std::any_of(std::begin(kSides), std::end(kSides), [&](auto side) { return at->is_word(side); });
  if (!sided || second->kind != TokenKind::word || second->quoted || second->starts_line) return false;
  const auto meant = closest(second->text, kWithSide);
  if (!meant) return false;
  reporter_.report(diag::MissingWord{.word = std::string(*meant), .found = found(second)})
      .at(second->span)
      .fix(Applicability::likely, "use `" + std::string(*meant) + "`", {{second->span, std::string(*meant)}});
  tokens_.tokens[static_cast<size_t>(second - begin_)].text = *meant;
  return true;
}

bool State::is_misspelt_there(Cursor at) const {
  if (at != furthest_ || at->kind != TokenKind::word || at->quoted) return false;
  std::vector<std::string_view> words;
  for (const Expectation& wanted : expected_)
    if (wanted.is_word) words.push_back(wanted.what);
  return closest(at->text, words).has_value();
}

bool State::report_unknown_line(Cursor at, Group group) {
  if (at == silent_ || !looks_like_line(at)) return false;
  auto report = reporter_.report(diag::UnknownWord{.word = at->text, .kind = std::string(kind_of(group))});
  report.at(at->span);
  if (at->text == "WATERMARK" || at->text == "watermark")
    report.note("`time at within 5m` says which field is the event time, and how far records are out of order");
  return true;
}

bool State::correct_elif(Cursor at) {
  if (!at->is_word("elif") && !at->is_word("elsif") && !at->is_word("elseif")) return false;
  reporter_.report(diag::ForeignSpelling{.found = at->text, .wanted = "else if"})
      .at(at->span)
      .fix(Applicability::certain, "use `else if`", {{at->span, "else if"}});
  tokens_.tokens[static_cast<size_t>(at - begin_)].text = "if";
  return true;
}

Cursor State::skip_to_line(Cursor from, Group group) const {
  int depth = 0;
  for (Cursor at = from; at != end_; ++at) {
    if (starts(Group::item, at) || starts(group, at)) return at;
    if (group == Group::item) continue;
    if (group == Group::clause && depth == 0 && at->is(Sign::brace_open)) return at;
    if (opens(*at)) ++depth;
    if (closes(*at) && depth-- == 0) {
      if (at->is(Sign::brace_close)) return at;
      depth = 0;
    }
  }
  return end_;
}

Cursor State::skip_to_any_line(Cursor from) const {
  int depth = 0;
  for (Cursor at = from; at != end_; ++at) {
    if (starts_any(at)) return at;
    if (depth == 0 && at->starts_line && at->is(Sign::brace_open)) return at;
    if (opens(*at)) ++depth;
    if (closes(*at) && depth-- == 0) {
      if (at->is(Sign::brace_close)) return at;
      depth = 0;
    }
  }
  return end_;
}

Cursor State::skip_in_list(Cursor begin, Cursor failed, Sign close) const {
  std::vector<Sign> open;  // what must still be closed, by its closing sign
  for (Cursor at = begin; at != end_; ++at) {
    if (at >= failed) {
      if (starts_any(at)) return nullptr;
      if (open.empty() && at->is(Sign::comma)) return at + 1;
      if (open.empty() && at->is(close)) return at;
    }
    if (opens(*at)) open.push_back(closing(at->sign));
    if (!closes(*at)) continue;
    // A closing sign also ends what was left open inside of it.
    const auto match = std::find(open.rbegin(), open.rend(), at->sign);
    if (match != open.rend())
      open.erase(match.base() - 1, open.end());
    else if (at >= failed && !at[1].is(Sign::comma) && !at[1].is(close))  // else it is of the element, too
      return at->is(close) ? at : nullptr;
  }
  return nullptr;
}

bool State::enter(Cursor at) {
  if (++depth_ <= ast::kMaxNesting) return true;
  --depth_;
  if (at != silent_) reporter_.report(diag::TooDeep{.limit = ast::kMaxNesting}).at(at->span, "one level too many");
  silent_ = at;
  return false;
}

uint32_t State::column(Cursor at) const {
  return sources_.position(at->span.file, at->span.begin).column;
}

bool State::stands_deeper(Cursor at) const {
  return item_begin != nullptr && column(at) > column(item_begin);
}

std::string State::take_doc(Cursor at) {
  std::string text;
  for (uint32_t i = at->doc_begin; i < at->doc_end; ++i) {
    doc_taken_[i] = true;
    if (i > at->doc_begin) text += '\n';
    text += tokens_.docs[i].text;
  }
  return text;
}

void State::report_loose_docs() {
  for (size_t i = 0; i < doc_taken_.size(); ++i) {
    if (doc_taken_[i]) continue;
    const Span span = tokens_.docs[i].span;
    const Span extra{span.file, span.begin, span.begin + 1};
    reporter_.report(diag::LooseDocumentation{})
        .at({span.file, span.begin, span.begin + 3})
        .fix(Applicability::certain, "make it a plain comment", {{extra, ""}});
  }
}

void State::measure(ast::Expr& expr) {
  ast::for_each_child(expr, [&](const ast::Expr& child) { expr.height = std::max(expr.height, child.height + 1); });
  if (expr.height <= ast::kMaxHeight) return;
  const Cursor at = std::lower_bound(begin_, end_, expr.span.begin,
                                     [](const Token& token, uint32_t offset) { return token.span.begin < offset; });
  if (at != silent_)
    reporter_.report(diag::TooDeep{.limit = ast::kMaxHeight}).at(at->span, "the expression that begins here");
  silent_ = at;
  throw Reported{at};
}

ast::ExprPtr State::hole(Cursor at) {
  return make_over({at->span.file, at->span.begin, at->span.begin}, ast::ErrorExpr{});
}

}  // namespace braid::grammar
