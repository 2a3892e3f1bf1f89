"""A gateway that speaks the part of PostgREST's protocol that the Supabase client's table and rpc calls need.

With it the real Supabase client writes to a real Postgres on one machine. It serves `/rest/v1/<table>` (GET, HEAD,
POST, PATCH, DELETE) and `/rest/v1/rpc/<function>` (POST) of the schema `public`, each request one transaction under
the role that its token names. What it does not know it refuses with PostgREST's code for features not implemented,
never by doing something else.
"""
