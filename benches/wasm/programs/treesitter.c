// tree-sitter with the grammar of JavaScript: tables of a parser, and allocation.
#include <stdlib.h>
#include "tree_sitter/api.h"
const TSLanguage *tree_sitter_javascript(void);
static char *text;
__attribute__((export_name("input"))) char *input(int size) { return text = malloc(size); }
__attribute__((export_name("run"))) int run(int size) {
    TSParser *parser = ts_parser_new();
    if (!ts_parser_set_language(parser, tree_sitter_javascript())) return -1;
    TSTree *tree = ts_parser_parse_string(parser, 0, text, size);
    TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
    unsigned sum = 0;
    for (;;) {
        TSNode node = ts_tree_cursor_current_node(&cursor);
        sum = sum * 31 + ts_node_symbol(node) + ts_node_end_byte(node);
        if (ts_tree_cursor_goto_first_child(&cursor) || ts_tree_cursor_goto_next_sibling(&cursor)) continue;
        do
            if (!ts_tree_cursor_goto_parent(&cursor)) return sum;
        while (!ts_tree_cursor_goto_next_sibling(&cursor));
    }
}
