#include "compiler/parse/habit_reader.h"

#include <algorithm>
#include <array>

namespace braid::grammar {
namespace {

/// How many tokens a rule looks over: so the time stays linear.
constexpr size_t kFarthest = 1000;
constexpr int kDeepest = 100;

bool ends_operand(const Token& token) {
  switch (token.kind) {
    case TokenKind::word:
      return token.quoted || !is_reserved(token.text) || token.text == "true" || token.text == "false" ||
             token.text == "null";
    case TokenKind::number:
    case TokenKind::duration:
    case TokenKind::time:
    case TokenKind::text:
    case TokenKind::formatted_end:
      return true;
    case TokenKind::sign:
      return token.is(Sign::paren_close) || token.is(Sign::bracket_close) || token.is(Sign::brace_close);
    case TokenKind::size:
    case TokenKind::label:
    case TokenKind::formatted_begin:
    case TokenKind::formatted_text:
    case TokenKind::formatted_open:
    case TokenKind::formatted_close:
    case TokenKind::bad:
    case TokenKind::end:
      return false;
  }
  return false;
}

/// A step or a statement begins with it. Looks at no token behind it, unlike `starts_any`.
bool leads_line(const Token& token) {
  if (!token.starts_line || token.kind != TokenKind::word || token.quoted) return false;
  for (const Group group : {Group::step, Group::body, Group::test_step}) {
    const auto words = words_of(group);
    if (std::find(words.begin(), words.end(), token.text) != words.end()) return true;
  }
  return false;
}

/// The place of the bracket that the one at `place` closes; `place` if there is none.
size_t opening(const std::vector<Token>& tokens, size_t place) {
  int depth = 0;
  for (size_t i = place + 1; i-- > 0 && place - i < kFarthest;) {
    if (closes(tokens[i])) ++depth;
    if (opens(tokens[i]) && --depth == 0) return i;
  }
  return place;
}

}  // namespace

HabitReader::HabitReader(TokenList& tokens, const SourceSet& sources, std::vector<Diagnostic>& lexical,
                         Reporter& reporter)
    : sources_(sources), tokens_(tokens), lexical_(lexical), reporter_(reporter), in_(tokens.tokens) {
  out_.reserve(in_.size());
  for (size_t i = 0; i + 1 < in_.size(); ++i)
    if (in_[i].is_word("type") && in_[i].starts_line) declared_types_.insert(in_[i + 1].text);
}

bool HabitReader::run() {
  lower_keywords();
  walk(in_.size() - 2);
  report_capitals();
  if (!found_) return false;
  out_.push_back(in_[in_.size() - 2]);
  out_.push_back(in_.back());
  tokens_.tokens = std::move(out_);
  return true;
}

void HabitReader::walk(size_t end) {
  // Rules walk what they enclose, and the stack must bear it.
  ++depth_;
  while (next_ < end)
    if (depth_ > kDeepest || !rule()) take(1);
  --depth_;
}

bool HabitReader::signs(size_t offset, Sign first, Sign second) const {
  return sign(offset, first) && sign(offset + 1, second) && at(offset).span.end == at(offset + 1).span.begin;
}

bool HabitReader::comes(std::initializer_list<std::string_view> words) const {
  size_t offset = 0;
  for (const std::string_view wanted : words)
    if (!word(offset++, wanted)) return false;
  return true;
}

std::optional<size_t> HabitReader::closing(size_t offset) const {
  int depth = 0;
  const size_t farthest = offset + kFarthest;
  for (; offset < farthest && next_ + offset < in_.size() - 2; ++offset) {
    if (opens(at(offset))) ++depth;
    if (closes(at(offset)) && --depth == 0) return offset;
  }
  return std::nullopt;
}

size_t HabitReader::behind_operand(size_t offset) const {
  size_t end = offset;
  if (sign(end, Sign::minus)) ++end;
  if (opens(at(end))) {
    const auto close = closing(end);
    if (!close) return offset;
    end = *close + 1;
  } else if (at(end).kind == TokenKind::formatted_begin) {
    while (at(end).kind != TokenKind::formatted_end && at(end).kind != TokenKind::end) ++end;
    ++end;
  } else if (ends_operand(at(end)) && at(end).kind != TokenKind::sign) {
    ++end;
  } else {
    return offset;
  }
  while (end < offset + kFarthest) {
    if ((sign(end, Sign::dot) || sign(end, Sign::optional_dot)) && at(end + 1).kind == TokenKind::word) {
      end += 2;
    } else if ((sign(end, Sign::paren_open) || sign(end, Sign::bracket_open)) && !at(end).starts_line) {
      const auto close = closing(end);
      if (!close) return end;
      end = *close + 1;
    } else {
      return end;
    }
  }
  return end;
}

size_t HabitReader::behind_line() const {
  int depth = 0;
  size_t offset = 0;
  for (; next_ + offset < in_.size() - 2; ++offset) {
    if (offset > 0 && depth == 0 && at(offset).starts_line) return offset;
    if (opens(at(offset))) ++depth;
    if (closes(at(offset)) && depth-- == 0) return offset;
  }
  return offset;
}

size_t HabitReader::behind_item() const {
  int depth = 0;
  size_t offset = 0;
  for (; next_ + offset < in_.size() - 2; ++offset) {
    if (offset > 0 && depth == 0 && starts(Group::item, &at(offset))) return offset;
    if (opens(at(offset))) ++depth;
    if (closes(at(offset))) depth = std::max(depth - 1, 0);
  }
  return offset;
}

bool HabitReader::after_operand() const {
  if (out_.empty() || !ends_operand(out_.back())) return false;
  // A closing sign whose opening one is missing, or too far away, ends no operand.
  return !closes(out_.back()) || opening(out_, out_.size() - 1) + 1 != out_.size();
}

size_t HabitReader::operand_start() const {
  size_t start = out_.size();
  while (start > 0 && out_.size() - start < kFarthest) {
    const Token& last = out_[start - 1];
    if (!ends_operand(last)) break;
    if (last.kind == TokenKind::formatted_end) {
      while (start > 0 && out_[start - 1].kind != TokenKind::formatted_begin) --start;
      if (start > 0) --start;
    } else if (last.kind == TokenKind::sign) {
      const size_t open = opening(out_, start - 1);
      if (open == start - 1) break;
      start = open;
      const bool called = start > 0 && !out_[start].is(Sign::brace_open) && !out_[start].starts_line &&
                          ends_operand(out_[start - 1]) && out_[start - 1].span.end == out_[start].span.begin;
      if (called) continue;
    } else {
      --start;
    }
    if (start > 0 && (out_[start - 1].is(Sign::dot) || out_[start - 1].is(Sign::optional_dot)))
      --start;
    else
      break;
  }
  return start;
}

size_t HabitReader::expression_start() const {
  size_t start = out_.size();
  while (start > 0 && out_.size() - start < kFarthest) {
    const Token& token = out_[start - 1];
    if (closes(token)) {
      const size_t open = opening(out_, start - 1);
      if (open == start - 1) return start;
      start = open;
      continue;
    }
    if (opens(token) || token.is(Sign::comma) || token.is(Sign::colon) || token.is(Sign::bind) ||
        token.is(Sign::arrow) || token.is(Sign::lambda) || token.kind == TokenKind::formatted_open)
      return start;
    for (const std::string_view leading : {"then", "else", "if", "let", "where", "select", "on", "return", "group",
                                           "from", "join", "union", "window", "having", "when", "case"})
      if (token.is_word(leading)) return start;
    --start;
    if (leads_line(token)) return start + 1;
  }
  return start;
}

void HabitReader::push(Token token) {
  if (open_.empty() && token.starts_line && token.kind == TokenKind::word) {
    constexpr std::array kWithoutBraces = {"domain", "owner", "description", "use", "param", "type", "function"};
    in_header_ = std::find(kWithoutBraces.begin(), kWithoutBraces.end(), token.text) == kWithoutBraces.end();
  }
  const auto items = words_of(Group::item);
  if (open_.empty() && token.kind == TokenKind::word && !token.quoted && (token.starts_line || item_ == "public") &&
      std::find(items.begin(), items.end(), token.text) != items.end())
    item_ = token.text;
  if (opens(token)) open_.push_back(token.sign);
  if (closes(token) && !open_.empty()) {
    open_.pop_back();
    if (open_.empty() && token.is(Sign::brace_close)) in_header_ = false;
  }
  out_.push_back(std::move(token));
}

void HabitReader::insert(size_t place, Token token) {
  if (place < out_.size() && out_[place].starts_line) {
    token.starts_line = true;
    out_[place].starts_line = false;
  }
  out_.insert(out_.begin() + static_cast<ptrdiff_t>(place), std::move(token));
}

void HabitReader::take(size_t count) {
  for (; count > 0 && next_ < in_.size() - 2; --count) push(in_[next_++]);
}

void HabitReader::leave(size_t count) {
  next_ = std::min(next_ + count, in_.size() - 2);
}

Token HabitReader::make_word(std::string text, Span span) const {
  Token token;
  token.kind = TokenKind::word;
  token.text = std::move(text);
  token.span = span;
  return token;
}

Token HabitReader::make_sign(Sign sign, Span span) const {
  Token token;
  token.kind = TokenKind::sign;
  token.sign = sign;
  token.span = span;
  return token;
}

Token HabitReader::make_text(std::string text, Span span) const {
  Token token;
  token.kind = TokenKind::text;
  token.text = std::move(text);
  token.span = span;
  return token;
}

Token HabitReader::make_number(std::string text, Span span) const {
  Token token;
  token.kind = TokenKind::number;
  token.text = std::move(text);
  token.span = span;
  return token;
}

Token HabitReader::make_hole(Span span) const {
  Token token;
  token.kind = TokenKind::bad;
  token.span = span;
  return token;
}

DiagnosticBuilder HabitReader::spelled(Span place, std::string found, std::string wanted, Span whole) {
  found_ = true;
  absorb(whole);
  auto report = reporter_.report(diag::ForeignSpelling{.found = std::move(found), .wanted = std::move(wanted)});
  report.at(place);
  return report;
}

DiagnosticBuilder HabitReader::lacks(Span place, std::string found, std::string instead, Span whole) {
  found_ = true;
  absorb(whole);
  auto report = reporter_.report(diag::ForeignConstruct{.found = std::move(found), .instead = std::move(instead)});
  report.at(place);
  return report;
}

void HabitReader::absorb(Span whole) {
  std::erase_if(lexical_, [&](const Diagnostic& finding) {
    return !finding.labels.empty() && finding.labels.front().span.begin >= whole.begin &&
           finding.labels.front().span.end <= whole.end;
  });
  std::erase_if(capitals_, [&](const auto& word) {
    return in_[word.first].span.begin >= whole.begin && in_[word.first].span.end <= whole.end;
  });
}

}  // namespace braid::grammar
