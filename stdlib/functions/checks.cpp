// Numbers that guard themselves by digits: cards, accounts, books, articles. Only the form is checked.
#include "runtime/declare/native.h"

namespace braid {

using Text = std::string_view;

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The characters that count, without blanks and hyphens, letters in upper case; false if there are more than fit.
template <size_t n>
bool compact(Text text, char (&made)[n], size_t* size) {
  *size = 0;
  for (const char c : text) {
    if (c == ' ' || c == '-') continue;
    if (*size == n) return false;
    made[(*size)++] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  return true;
}

bool all_digits(const char* text, size_t size) {
  for (size_t i = 0; i < size; ++i)
    if (!is_digit(text[i])) return false;
  return size > 0;
}

/// The sum of the digits weighed 3 and 1 in turn, the last by 1.
bool passes_gs1(const char* text, size_t size) {
  int sum = 0;
  for (size_t i = 0; i < size; ++i) sum += (text[i] - '0') * ((size - i) % 2 == 0 ? 3 : 1);
  return sum % 10 == 0;
}

}  // namespace

static bool is_luhn(Text text) {
  char digits[64];
  size_t size = 0;
  if (!compact(text, digits, &size) || size < 2 || !all_digits(digits, size)) return false;
  int sum = 0;
  for (size_t i = 0; i < size; ++i) {
    int digit = digits[size - 1 - i] - '0';
    if (i % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}
BRAID_FUNCTION(checks, is_luhn,
               {.summary = "Whether the last digit fits the others as on payment cards (Luhn).",
                .parameters = {{"text", "2 to 64 digits; blanks and hyphens do not count."}},
                .examples = {{R"(is_luhn("4111 1111 1111 1111"))", "true"},
                             {R"(is_luhn("4111111111111112"))", "false"},
                             {R"(is_luhn(""))", "false"}}})

static bool is_iban(Text text) {
  char account[34];
  size_t size = 0;
  if (!compact(text, account, &size) || size < 15) return false;
  const auto letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (!letter(account[0]) || !letter(account[1]) || !is_digit(account[2]) || !is_digit(account[3])) return false;
  int rest = 0;
  for (size_t i = 0; i < size; ++i) {
    const char c = account[(i + 4) % size];
    if (is_digit(c))
      rest = (rest * 10 + (c - '0')) % 97;
    else if (letter(c))
      rest = (rest * 100 + (c - 'A' + 10)) % 97;
    else
      return false;
  }
  return rest == 1;
}
BRAID_FUNCTION(
    checks, is_iban,
    {.summary = "Whether the check digits of an IBAN fit (ISO 13616); the lengths of countries are not known "
                "here.",
     .parameters = {{"text", "Account number; blanks do not count."}},
     .examples = {{R"(is_iban("GB82 WEST 1234 5698 7654 32"))", "true"},
                  {R"(is_iban("GB82 WEST 1234 5698 7654 33"))", "false"},
                  {R"(is_iban(""))", "false"}}})

static bool is_isbn(Text text) {
  char book[13];
  size_t size = 0;
  if (!compact(text, book, &size)) return false;
  if (size == 13)
    return all_digits(book, 13) && book[0] == '9' && book[1] == '7' && (book[2] == '8' || book[2] == '9') &&
           passes_gs1(book, 13);
  if (size != 10 || !all_digits(book, 9) || (!is_digit(book[9]) && book[9] != 'X')) return false;
  int sum = book[9] == 'X' ? 10 : book[9] - '0';
  for (int i = 0; i < 9; ++i) sum += (10 - i) * (book[i] - '0');
  return sum % 11 == 0;
}
BRAID_FUNCTION(checks, is_isbn,
               {.summary = "Whether a text is an ISBN of 10 or 13 digits whose check digit fits.",
                .parameters = {{"text", "Number of a book; blanks and hyphens do not count."}},
                .examples = {{R"(is_isbn("978-0-306-40615-7"))", "true"},
                             {R"(is_isbn("0-8044-2957-X"))", "true"},
                             {R"(is_isbn("978-0-306-40615-8"))", "false"}}})

static bool is_gtin(Text text) {
  char article[14];
  size_t size = 0;
  if (!compact(text, article, &size) || !all_digits(article, size)) return false;
  return (size == 8 || size == 12 || size == 13 || size == 14) && passes_gs1(article, size);
}
BRAID_FUNCTION(
    checks, is_gtin,
    {.summary = "Whether a text is an article number (EAN, UPC: 8, 12, 13 or 14 digits) whose check digit fits.",
     .parameters = {{"text", "Number of an article; blanks and hyphens do not count."}},
     .examples = {{R"(is_gtin("4006381333931"))", "true"},
                  {R"(is_gtin("036000291452"))", "true"},
                  {R"(is_gtin("4006381333932"))", "false"}}})

static std::optional<int64_t> luhn_digit(Text text) {
  char digits[64];
  size_t size = 0;
  if (!compact(text, digits, &size) || !all_digits(digits, size)) return std::nullopt;
  int sum = 0;
  for (size_t i = 0; i < size; ++i) {
    int digit = digits[size - 1 - i] - '0';
    if (i % 2 == 0) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return (10 - sum % 10) % 10;
}
BRAID_FUNCTION(checks, luhn_digit,
               {.summary = "The digit that belongs behind others as on payment cards (Luhn), null if they are none.",
                .parameters = {{"text", "1 to 64 digits; blanks and hyphens do not count."}},
                .examples = {{R"(luhn_digit("411111111111111"))", "1"}, {R"(luhn_digit("a"))", "null"}}})

BRAID_GROUP(checks)

}  // namespace braid
